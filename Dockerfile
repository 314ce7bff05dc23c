# One image for every command. Alpine packages its own Node 24 for amd64, arm64 and arm v7. Dependabot moves the base
# image, and reads it only as it stands here: without a build argument.

# The bundles are plain JavaScript, the same for every platform: they are made on the builder's own.
FROM --platform=$BUILDPLATFORM alpine:3.23.5@sha256:fd791d74b68913cbb027c6546007b3f0d3bc45125f797758156952bc2d6daf40 AS build
RUN apk add --no-cache 'nodejs=~24' npm
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY shared/package.json shared/
COPY kube/package.json kube/
COPY server/package.json server/
COPY certs-scripts/package.json certs-scripts/
COPY renewer/package.json renewer/
COPY cli/package.json cli/
COPY scripts/package.json scripts/
COPY testbed/package.json testbed/
COPY e2e/package.json e2e/
COPY bench/package.json bench/
# Only what the bundles contain, and what makes them: a fifth of the size that developers need.
RUN npm ci --omit=dev --workspace=cli --workspace=scripts
COPY . .
# This is Alpine's node. The one that npm ci brings for developers is linked against glibc.
RUN node scripts/src/node-floor/main.ts && node scripts/src/bundle/main.ts && node scripts/src/sbom/main.ts && cp LICENSE dist/
ARG SOURCE_DATE_EPOCH=0
# Neither the hour nor the builder's umask shows.
RUN chmod -R u=rwX,go=rX dist && find dist -exec touch -d "@$SOURCE_DATE_EPOCH" {} +

FROM alpine:3.23.5@sha256:fd791d74b68913cbb027c6546007b3f0d3bc45125f797758156952bc2d6daf40
# Alpine's Node trusts the CAs in /etc/ssl and contains none of its own: without them no call to AWS works.
RUN apk add --no-cache ca-certificates-bundle 'nodejs=~24'
COPY --from=build /src/dist /opt/ecr-pull-secrets
ARG VERSION=dev
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="ecr-pull-secrets" \
      org.opencontainers.image.description="Keeps Amazon ECR pull secrets fresh in every namespace and puts their name on every pod that needs one." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The AWS SDK reads it, and a number has no entry in /etc/passwd to take it from.
ENV HOME=/
# By number, so that runAsNonRoot can see that it is not root.
USER 65532:65532
# No shell and no init: node is process 1, starts nothing, and ends by itself at SIGTERM. At SIGUSR1 it would open its
# inspector, which reads every token in its memory.
# V8 would optimise undici's parser of HTTP, which is WebAssembly: 8 MiB of memory in the renewer.
ENTRYPOINT ["/usr/bin/node", "--disable-sigusr1", "--liftoff-only", "/opt/ecr-pull-secrets/main.mjs"]
