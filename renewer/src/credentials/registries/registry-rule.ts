import { PRIVATE_ECR_HOST_PATTERN } from '@ecr-pull-secrets/shared/ecr-host.ts';
import { AWS_DOMAIN_ENDINGS, ECR_HOST_PATTERN, REGION_IN_WRONG_DOMAIN_PATTERN } from './ecr-host-pattern.ts';

/**
 * The rule for keys of `auths`: which registries get credentials of AWS. The kubelet reads a key as a glob, label by
 * label (kubernetes `pkg/credentialprovider/keyring.go`), so a key that is too wide sends a token to a stranger, and
 * with a key that no image can match a secret that worked is of no use any more.
 *
 * The rule is data: a list of regular expressions that JavaScript and RE2 read alike. `npm run chart-readme` writes it
 * to `chart/registry-rule.json`, by which the chart refuses the same values.
 */
export interface RegistryRule {
  /** In order: the first that applies is the problem. */
  readonly checks: readonly RegistryCheck[];
  /** A host of ECR, of which the account or the region, or both, may be `*`; in lower case, without a port. */
  readonly ecrHost: string;
  /** What the chart's admission policy takes for a private host of ECR, without a port; not anchored. */
  readonly privateEcrHost: string;
  /** The most entries that a list can have. */
  readonly maximumEntries: number;
}

/** One reason to refuse a key. */
export interface RegistryCheck {
  /**
   * What is checked: the `key` as written, without blanks around it; the `address`, which is the key without
   * `https://` or `http://`; of that the `hostPort`, up to the first slash; the `host`, which is that in
   * lower case without a port; the `path`, which is the rest from the first slash on.
   */
  readonly of: 'key' | 'address' | 'hostPort' | 'host' | 'path';
  /** Applies only if this matches; always if absent. */
  readonly if?: string;
  /** Does not apply if this matches. */
  readonly unless?: string;
  /** Follows the quoted key. */
  readonly problem: string;
}

/** RFC 1123; distribution/reference `regexp.go` (`DomainNameRegexp`) has no limit of 63 characters, DNS has. */
const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';

/** An IPv6 address; without a port the kubelet reads the brackets as a class of characters. */
const IPV6 = '\\[[0-9A-Fa-f:]+\\]';

const PORT = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

/** distribution/reference `regexp.go` (`pathComponent`). */
const PATH_COMPONENT = '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*';

/** Checks of the form alone, whatever gives the token: the kubelet must match the key, and with nothing else. */
export const FORM_CHECKS: readonly RegistryCheck[] = [
  {
    of: 'key',
    if: '^(https?://)?(/.*)?$',
    problem: 'has no host',
  },
  {
    of: 'key',
    if: '[^\\x21-\\x7e]|[,;]',
    problem: 'has a blank, a separator or a character that is not ASCII: write one registry in each entry',
  },
  {
    of: 'address',
    if: '://',
    problem: 'has a scheme that the kubelet does not drop: write https:// in lower case, or no scheme',
  },
  {
    of: 'hostPort',
    if: '@',
    problem: 'has user information before the host, which the kubelet drops: write the host alone',
  },
  {
    of: 'address',
    if: '[?#%\\\\]',
    problem: 'has a query, a fragment, an escape or the wildcard "?": only "*" is a wildcard here',
  },
  {
    of: 'hostPort',
    unless: `^(${IPV6}:[0-9]+|[^\\[\\]]+)$`,
    problem: 'has brackets, which the kubelet reads as a wildcard: only an IPv6 address with a port has them',
  },
  {
    of: 'hostPort',
    unless: `^([^:]+|${IPV6})(:${PORT})?$`,
    problem: 'has a port that is not one from 1 to 65535',
  },
  {
    of: 'host',
    unless: '^.{1,253}$',
    problem: 'has a host of more than 253 characters',
  },
  {
    of: 'host',
    unless: `^((${LABEL}|[^.]*\\*[^.]*)(\\.(${LABEL}|[^.]*\\*[^.]*))*|${IPV6})$`,
    problem: 'has a host that no image can name: labels of a-z, 0-9 and "-", split by single dots',
  },
  {
    of: 'host',
    if: '\\*',
    unless: ECR_HOST_PATTERN,
    problem:
      'has a wildcard that would give the token to others: "*" may only be the whole account or the whole region of a host of ECR, as in *.dkr.ecr.us-east-1.amazonaws.com',
  },
  {
    of: 'host',
    if: '^[0-9]{12}$',
    problem: 'is the id of an account: write its host, as in 123456789012.dkr.ecr.us-east-1.amazonaws.com',
  },
  {
    of: 'hostPort',
    unless: '[.:A-Z]|^localhost$',
    problem: 'is no host to the kubelet, which takes a first part without a dot or a port for a name on Docker Hub',
  },
  {
    of: 'host',
    if: '(^|\\.)docker\\.(io|com)$',
    problem: 'is Docker Hub, which must not get a token of AWS',
  },
  {
    of: 'path',
    unless: `^(/${PATH_COMPONENT})*(/(${PATH_COMPONENT}(\\.|_|__|-+)?)?)?$`,
    problem: 'has a path that no image’s name begins with: lower case, without a tag, split by single slashes',
  },
  {
    of: 'path',
    unless: '^.{0,255}$',
    problem: 'has a path of more than 255 characters',
  },
];

/** Hosts that look like those of AWS and are not. */
const LOOK_ALIKE_CHECKS: readonly RegistryCheck[] = [
  {
    of: 'host',
    if: '(^|\\.)(dkr[.-]ecr(-fips)?(\\.|$)|ecr(-fips)?\\.[a-z0-9-]+\\.(amazonaws|api)\\.|ecr\\.aws$|ecr-public\\.aws\\.)',
    // The DNS names of a VPC endpoint for dkr.ecr.
    unless: `${ECR_HOST_PATTERN}|\\.vpce\\.amazonaws\\.com(\\.cn)?$`,
    problem:
      'looks like a host of ECR and is none: an account of 12 digits, dkr.ecr or dkr.ecr-fips, a region and its domain, or dkr-ecr and on.aws',
  },
  {
    of: 'host',
    if: REGION_IN_WRONG_DOMAIN_PATTERN,
    problem: 'has a region of another partition than its domain: cn-north-1 is in amazonaws.com.cn',
  },
  {
    of: 'host',
    if: '(^|\\.)(amazonaws|amazonwebservices)(\\.|$)|(^|\\.)(ecr|on)\\.aws\\.',
    unless: `(^|\\.)(amazonaws|amazonwebservices)\\.(${AWS_DOMAIN_ENDINGS})$`,
    problem: 'has the name of a domain of AWS and is not in that domain',
  },
];

/**
 * A Secret holds 1 MiB, and a token of 1,900 characters takes 2.33 times that with 150 bytes and its key, up to 523
 * (253 of host, 255 of path, scheme and port): 205 entries.
 */
const MAXIMUM_ENTRIES = 200;

export const REGISTRY_RULE: RegistryRule = {
  checks: [...FORM_CHECKS, ...LOOK_ALIKE_CHECKS],
  ecrHost: ECR_HOST_PATTERN,
  privateEcrHost: PRIVATE_ECR_HOST_PATTERN,
  maximumEntries: MAXIMUM_ENTRIES,
};
