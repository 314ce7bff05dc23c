import { imageRepository, yamlField } from './chart-fields.ts';

/** Of a package.json, what is looked at here. */
export interface Manifest {
  readonly version?: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** The files that a release must agree with. */
export interface ReleaseFiles {
  /** By their paths; the root's own is `package.json`. */
  readonly manifests: Readonly<Record<string, Manifest>>;
  /** Texts of `chart/Chart.yaml`, `chart/values.yaml` and `CHANGELOG.md`. */
  readonly chart: string;
  readonly values: string;
  readonly changelog: string;
  /** Text of `docker-bake.hcl`. */
  readonly bake: string;
  /** What users read, by paths. */
  readonly pages: Readonly<Record<string, string>>;
}

/** semver.org's own expression, cut to what a container image's tag and a chart's version can both be. */
const VERSION_TAG = /^v((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?)$/;

/**
 * The chart as a checkout has it, as a word of a command, however that is set; who installs a release has the
 * published one. Alone between backticks it is only spoken of, and as the field of a HelmRelease of Flux it is a folder
 * of a GitRepository.
 */
export const CHART_OF_CHECKOUT = /(?<=^|[\s"'=])(?<!\bchart: )\.\/chart\b/gm;

/** What a page or a file has only before the first release; `npm run release-address` replaces it. */
const BEFORE_FIRST_RELEASE = /<!-- before the first release -->|<owner>|^ +image: ""$/m;

const OWN_PACKAGE = /^@ecr-pull-secrets\//;

/**
 * What keeps a tag from being published: a version that is not the tag's, an image that the chart would not
 * find, or a page for the time before the first release, by which users would install from a checkout.
 *
 * @param image - where the image will be published, without a tag; if it is absent, it is not checked
 * @returns one sentence for each problem
 */
export function releaseProblems(tag: string, files: ReleaseFiles, image?: string): string[] {
  const version = versionOf(tag);
  if (version === undefined) return [`${tag} is no tag of a release: v1.2.3 is one`];
  const { manifests, chart, values, changelog, bake, pages } = files;
  const claims = [
    ...Object.entries(manifests).flatMap(([path, manifest]) => versionsIn(path, manifest)),
    ['chart/Chart.yaml, version', yamlField(chart, 'version')],
    ['chart/Chart.yaml, appVersion', yamlField(chart, 'appVersion')],
    ['docker-bake.hcl, VERSION', /^variable "VERSION" \{\n +default = "(.*)"$/m.exec(bake)?.[1]],
  ] as const;
  const problems = claims
    .filter(([, claimed]) => claimed !== version)
    .map(([where, claimed]) => `${where}: it is ${claimed ?? 'absent'}, not ${version}`);
  if (!releaseNotes(changelog, version)) {
    problems.push(`CHANGELOG.md: nothing stands under the heading "## ${version}"`);
  }
  const repository = imageRepository(values);
  if (repository === undefined || (image !== undefined && repository !== image)) {
    const wanted = image ?? 'where the image is published';
    problems.push(`chart/values.yaml, image.repository: it is ${repository ?? 'empty'}, not ${wanted}`);
  }
  for (const [path, text] of Object.entries(pages)) {
    if (text.search(CHART_OF_CHECKOUT) !== -1) {
      problems.push(`${path}: ./chart is in a checkout alone; name the published chart, oci://…`);
    }
    if (BEFORE_FIRST_RELEASE.test(text)) {
      problems.push(`${path}: it describes the state before the first release; run npm run release-address`);
    }
  }
  return problems;
}

/** What the changelog says of a version; a date may stand behind it in the heading. */
export function releaseNotes(changelog: string, version: string): string | undefined {
  const [, ...sections] = changelog.split(/^## /m);
  const section = sections.find((text) => text.split(/\s/, 1)[0] === version);
  return section?.slice(section.indexOf('\n')).trim();
}

/** The version of a tag; `undefined` if it is no tag of a release. */
export function versionOf(tag: string): string | undefined {
  return VERSION_TAG.exec(tag)?.[1];
}

/** A package's own version, and those in which it wants our other packages. */
function versionsIn(path: string, manifest: Manifest): (readonly [string, string | undefined])[] {
  const { version, dependencies = {}, devDependencies = {} } = manifest;
  const ours = Object.entries({ ...dependencies, ...devDependencies }).filter(([name]) => OWN_PACKAGE.test(name));
  return [[`${path}, version`, version], ...ours.map(([name, wanted]) => [`${path}, ${name}`, wanted] as const)];
}
