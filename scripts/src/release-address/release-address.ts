import { dirname } from 'node:path/posix';
import { CHART_OF_CHECKOUT } from '../release-check/release-check.ts';

/** Where a release is published. */
export interface ReleaseAddress {
  /** The repository on GitHub, as `owner/name`. */
  readonly source: string;
  readonly version: string;
}

/** What a user would replace by the address of the image that they built. */
const OWN_IMAGE = 'registry\\.example\\.com/ecr-pull-secrets';

/** These pages are about an image in a registry of one's own, also after a release. */
const OWN_REGISTRY_PAGES: ReadonlySet<string> = new Set(['docs/air-gap.md', 'docs/image.md', 'docs/private-image.md']);

/** The image of a repository on GitHub, without a tag. */
function imageOf(source: string): string {
  return `ghcr.io/${source.toLowerCase()}`;
}

/** The chart of a repository on GitHub, for Helm. */
function chartOf(source: string): string {
  return `oci://${dirname(imageOf(source))}/charts/ecr-pull-secrets`;
}

/**
 * A page as it must be in a release: without what is true only before the first release, with commands that
 * install the published chart, and with the addresses of the release instead of those of the reader.
 */
export function pageOfRelease(path: string, text: string, { source, version }: ReleaseAddress): string {
  const image = imageOf(source);
  const released = text
    .replaceAll(/^<!-- before the first release -->(?:(?!<!-- end -->)[^])*<!-- end -->\n+/gm, '')
    .replaceAll(/<!-- before the first release -->[^]*?<!-- end -->/g, '')
    .replaceAll(/\bhelm package (?=\.\/chart\b)/g, 'helm pull ')
    .replaceAll(CHART_OF_CHECKOUT, `${chartOf(source)} --version ${version}`)
    .replaceAll('<owner>/<repository>', source)
    .replaceAll(`ghcr.io/${source}`, image)
    .replaceAll('<owner>', dirname(source).toLowerCase());
  if (OWN_REGISTRY_PAGES.has(path)) return released;
  return (
    released
      .replaceAll(new RegExp(` (?:\\\\\n +)?--set image\\.repository=${OWN_IMAGE}`, 'g'), '')
      .replaceAll(new RegExp(`^( *)image:\n\\1  repository: ${OWN_IMAGE}\n(?!\\1  )`, 'gm'), '')
      // Other keys of the image stay, such as its tag.
      .replaceAll(new RegExp(`(?<=^ *image:\n) *repository: ${OWN_IMAGE}\n`, 'gm'), '')
      .replaceAll(new RegExp(OWN_IMAGE, 'g'), image)
  );
}

/** The chart's values with the image of the release as their default, and with the page of its alerts. */
export function valuesOfRelease(values: string, { source, version }: ReleaseAddress): string {
  const page = `https://github.com/${source}/blob/v${version}/docs/monitoring.md`;
  return values
    .replaceAll(new RegExp(`^#   image:\n#     repository: ${OWN_IMAGE}\n`, 'gm'), '')
    .replace(
      /(?:^ +#.*\n)+( +repository: ).*$/m,
      `  # This is the repository of the image, without a tag. Change it to use a copy in a registry of your own.\n$1${imageOf(source)}`,
    )
    .replace(/^( +runbookUrl: ).*$/m, `$1${page}`);
}

/** `Chart.yaml` with the address of the source. */
export function chartOfRelease(chart: string, { source }: ReleaseAddress): string {
  const url = `https://github.com/${source}`;
  const others = chart.replaceAll(/^(?:home|sources):.*\n/gm, '');
  return others.replace(/^kubeVersion: .*\n/m, `$&home: ${url}\nsources: [${url}]\n`);
}
