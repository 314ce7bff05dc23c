import { OTHER_HOSTS, PRIVATE_ECR_HOSTS } from '@ecr-pull-secrets/shared/testing/ecr-hosts.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { ECR_IMAGE, type InjectionCase, injected, left, pod } from './case.ts';

export const REGISTRIES: readonly InjectionCase[] = [
  ...PRIVATE_ECR_HOSTS.flatMap(({ host }) => [injected(`${host}/team/app:1`), injected(`${host}:443/app`)]),
  ...OTHER_HOSTS.map((host) => left(`${host}/app`)),
  injected(`${REGISTRY}/team/app@sha256:${'0'.repeat(64)}`),
  injected(`${REGISTRY}/public.ecr.aws/app`),
  // Nothing can pull these; they must break nothing either.
  injected(`${REGISTRY}/`),
  left(`${REGISTRY}:443x/app`),
  left(`${REGISTRY}:/app`),
  left(REGISTRY),
  left(`${REGISTRY}:443`),
  left(`/${REGISTRY}/app`),
  left(`https://${REGISTRY}/app`),
  left(`user@${REGISTRY}/app`),
  left(`evil.io/${REGISTRY}/app`),
  left(`evil.io:5000/${REGISTRY}/app`),
  left(`${REGISTRY}\\evil.io/app`),
  left(REGISTRY.toUpperCase().concat('/app')),
  left(`public.ecr.aws/${REGISTRY}/app`),
  left('nginx'),
  left('library/nginx'),
  left('cache.example.com/app'),
];

export const FURTHER_HOSTS: readonly InjectionCase[] = [
  injected('cache.example.com/team/app'),
  injected('cache.example.com:5000/app'),
  injected('CACHE.Example.com/app'),
  injected('cache.example.com/nginx@sha256:00'),
  left('cachexexample.com/app'),
  left('cache.example.com.evil.io/app'),
  left('evil-cache.example.com/app'),
  left('cache.example.com'),
  injected('mirror.example.com:5000/app'),
  injected('Mirror.Example.com:5000/app'),
  left('mirror.example.com/app'),
  left('mirror.example.com:5001/app'),
  left('mirror.example.com:50000/app'),
  injected('[fd00::1]:5000/app'),
  left('[fd00::1]/app'),
  injected('public.ecr.aws/team/app'),
  left('ecr-public.aws.com/app'),
  // Without a dot, a port or a capital it is a path of docker.io.
  left('plain/app'),
  injected('plain:5000/app'),
  injected('Plain/app'),
  left('plain:5000'),
  injected('localhost/app'),
  left('localhost'),
  injected(ECR_IMAGE),
  left('nginx'),
  left('docker.io/nginx'),
];

export const DOCKER_HUB: readonly InjectionCase[] = [
  ...['nginx', 'nginx:1', 'library/nginx', 'plain/app', 'host:443', 'docker.io/nginx'].map(injected),
  ...['index.docker.io/library/nginx', 'Docker.io/nginx', 'docker.io:443/nginx', '/app'].map(injected),
  ...[
    'ghcr.io/app',
    'Index.docker.io/nginx',
    'localhost/app',
    'plain:5000/app',
    'Plain/app',
    'registry-1.docker.io/app',
  ].map(left),
  pod('a container without an image', { containers: [{ name: 'app' }] }, 422),
];
