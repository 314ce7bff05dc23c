/** Keys of pull secrets, with images for which the kubelet uses their credentials, and images for which it does not. */
export interface KeyringCase {
  readonly key: string;
  readonly covered: readonly string[];
  readonly uncovered: readonly string[];
}

const ECR = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const OTHER_ACCOUNT = ECR.replace('123456789012', '210987654321');
const OTHER_REGION = ECR.replace('us-east-1', 'eu-west-1');

/** Written by hand from the rules of `pkg/credentialprovider/keyring.go` and its tests. */
export const KEYRING_CASES: readonly KeyringCase[] = [
  {
    key: ECR,
    covered: [`${ECR}/a`, `${ECR}/team/a:1`, `${ECR}/a@sha256:${'0'.repeat(64)}`],
    uncovered: [`${ECR}:443/a`, `${OTHER_ACCOUNT}/a`, `evil.example/${ECR}/a`, 'a', ECR],
  },
  { key: `https://${ECR}/`, covered: [`${ECR}/a`], uncovered: [`${OTHER_REGION}/a`] },
  { key: `http://${ECR}`, covered: [`${ECR}/a`], uncovered: [] },
  { key: `HTTPS://${ECR}`, covered: [], uncovered: [`${ECR}/a`] },
  { key: `oci://${ECR}`, covered: [], uncovered: [`${ECR}/a`] },
  { key: `user:password@${ECR}`, covered: [`${ECR}/a`], uncovered: ['user/a'] },
  { key: `${ECR}?a=b`, covered: [`${ECR}/a`], uncovered: [] },
  { key: `${ECR}/a b#c`, covered: [], uncovered: [`${ECR}/a`] },
  { key: ` ${ECR}`, covered: [], uncovered: [`${ECR}/a`] },
  { key: `${ECR}\n`, covered: [], uncovered: [`${ECR}/a`] },
  { key: `${ECR}:port`, covered: [], uncovered: [`${ECR}/a`] },
  { key: `${ECR}/%zz`, covered: [], uncovered: [`${ECR}/a`] },
  { key: `${ECR}/%2561`, covered: [`${ECR}/a`], uncovered: [`${ECR}/b`] },
  { key: `${ECR}/v1/`, covered: [`${ECR}/a`], uncovered: [] },
  { key: `${ECR}/v2/team-a`, covered: [`${ECR}/team-a`], uncovered: [`${ECR}/v2/team-a`] },
  { key: `${ECR}/v2`, covered: [`${ECR}/v2/a`, `${ECR}/v2a`], uncovered: [`${ECR}/a`] },
  { key: `${ECR}/v1/v1/a`, covered: [`${ECR}/v1/a`], uncovered: [`${ECR}/a`] },
  {
    key: `${ECR}/team-a`,
    covered: [`${ECR}/team-a`, `${ECR}/team-abc:1`, `${ECR}/team-a/x`],
    uncovered: [`${ECR}/team-b`, `${ECR}/x/team-a`],
  },
  { key: `${ECR}/team-a/`, covered: [`${ECR}/team-a/x`], uncovered: [`${ECR}/team-a`] },
  { key: `${ECR}:443`, covered: [`${ECR}:443/a:1`], uncovered: [`${ECR}/a`, `${ECR}:0443/a`] },
  { key: `${ECR}:`, covered: [`${ECR}/a`], uncovered: [`${ECR}:443/a`] },
  { key: 'Registry.example/a', covered: ['Registry.example/a'], uncovered: ['registry.example/a'] },
  {
    key: '*.dkr.ecr.us-east-1.amazonaws.com',
    covered: [`${ECR}/a`, `${OTHER_ACCOUNT}/a`],
    uncovered: [`${OTHER_REGION}/a`, `x.${ECR}/a`, `${ECR}:443/a`],
  },
  {
    key: 'https://123456789012.dkr.ecr.*.amazonaws.com/team-a',
    covered: [`${ECR}/team-a`, `${OTHER_REGION}/team-ab`],
    uncovered: [`${OTHER_ACCOUNT}/team-a`, `${ECR}/a`, `${ECR}.cn/team-a`],
  },
  { key: '*.*', covered: ['evil.example/a'], uncovered: ['a.b.c/a', 'localhost/a', `${ECR}/a`] },
  { key: '*', covered: ['localhost/a'], uncovered: ['evil.example/a', 'a', 'host:5000/a'] },
  { key: '*:5000', covered: ['host:5000/a'], uncovered: ['a.b:5000/a', 'host:5001/a'] },
  { key: 'a-*.example', covered: ['a-b.example/a', 'a-bc.example/a'], uncovered: ['b.example/a'] },
  { key: 'a?.example', covered: [], uncovered: ['ab.example/a', 'a.example/a'] },
  { key: 'docker.io', covered: ['docker.io/a/b', 'a'], uncovered: ['a.docker.io/a'] },
  {
    key: 'docker.io/library/a',
    covered: ['a', 'docker.io/a', 'index.docker.io/a'],
    uncovered: ['b'],
  },
  { key: 'team', covered: [], uncovered: ['team/a', 'team'] },
  { key: '[fd00::1]:5000', covered: ['[fd00::1]:5000/a'], uncovered: ['[fd00::1]/a'] },
  { key: '[fd00::1]', covered: [], uncovered: ['[fd00::1]/a', 'f/a'] },
  { key: '', covered: [], uncovered: ['a', `${ECR}/a`] },
  { key: 'https://', covered: [], uncovered: ['a', `${ECR}/a`] },
];
