module ecr-pull-secrets/e2e/go

// From 1.23 on Go refuses certificates with a negative serial number.
go 1.23
