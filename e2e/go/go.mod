module ecr-pull-secrets/e2e/go

// The rules of the Go that current API servers are built with: negative serial numbers are refused from 1.23 on,
// RSA keys below 1024 bits from 1.24 on.
go 1.26.0
