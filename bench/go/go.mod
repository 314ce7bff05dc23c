module ecr-pull-secrets/bench/go

go 1.26.0
