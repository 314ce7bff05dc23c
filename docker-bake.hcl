# docker buildx bake [local|image|release]; each variable is read from the environment too.

# A name that no registry has: to push, set the address of a registry of your own.
variable "IMAGE" {
  default = "localhost/ecr-pull-secrets"
}

# The chart's appVersion, which is the tag that the chart uses.
variable "VERSION" {
  default = "0.1.0"
}

variable "REVISION" {
  default = "unknown"
}

variable "SOURCE" {
  default = "unknown"
}

# The time of every file that is ours: git log -1 --pretty=%ct
variable "SOURCE_DATE_EPOCH" {
  default = "0"
}

group "default" {
  targets = ["local"]
}

target "base" {
  args = {
    VERSION           = VERSION
    REVISION          = REVISION
    SOURCE            = SOURCE
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
  }
  tags = ["${IMAGE}:${VERSION}"]
}

# For this machine's own Docker.
target "local" {
  inherits = ["base"]
  output   = ["type=docker"]
}

# For every platform that Alpine has its Node for, to see that it builds.
target "image" {
  inherits  = ["base"]
  platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"]
  output    = ["type=cacheonly"]
}

# The same, pushed, with what it is made of and how it was made beside it.
target "release" {
  inherits = ["image"]
  attest   = ["type=sbom", "type=provenance,mode=max"]
  output   = ["type=registry,rewrite-timestamp=true"]
}
