/** What a build comes to: a folder that is the image's root, and how it is to be started. */
export interface BuiltImage {
  readonly root: string;
  /** As in the Dockerfile: `uid:gid`. */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** Where our files lie in it. */
export const PRODUCT_DIR = '/opt/ecr-pull-secrets';
