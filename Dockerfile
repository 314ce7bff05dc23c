# One image for every command. Alpine packages its own Node 24 for amd64, arm64 and arm v7.
ARG ALPINE=alpine:3.23

FROM ${ALPINE} AS build
RUN apk add --no-cache nodejs npm
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY shared/package.json shared/
COPY server/package.json server/
COPY certs-scripts/package.json certs-scripts/
COPY renewer/package.json renewer/
COPY cli/package.json cli/
COPY e2e/package.json e2e/
RUN npm ci
COPY . .
# Alpine's own node: the one that npm ci brings for developers is linked against glibc.
RUN /usr/bin/node cli/bundle.ts

FROM ${ALPINE}
RUN apk add --no-cache nodejs
COPY --from=build /src/dist /opt/ecr-pull-secrets
COPY LICENSE /opt/ecr-pull-secrets/
LABEL org.opencontainers.image.title="ecr-pull-secrets" \
      org.opencontainers.image.description="Keeps Amazon ECR pull secrets fresh in every namespace" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
# By number, so that runAsNonRoot can see that it is not root.
USER 65532:65532
ENTRYPOINT ["/usr/bin/node", "/opt/ecr-pull-secrets/main.mjs"]
