/** What stands for a container image. */
export interface Image {
  /** Program and first arguments, as an image's `ENTRYPOINT`; the files are those of this machine. */
  readonly entrypoint: readonly string[];
  /** As an image's `ENV`; the pod's own variables win. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The images that the node has, by the name that pods call them by. */
export type Images = Readonly<Record<string, Image>>;

export function findImage(images: Images, name: string): Image | undefined {
  return Object.hasOwn(images, name) ? images[name] : undefined;
}
