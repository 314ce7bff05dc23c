/** The fonts that a browser has anyway: a picture of GitHub may load none. */
export const MONOSPACE = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';
export const SANS_SERIF = 'system-ui, sans-serif';

export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** For readers who do not see the picture. */
  readonly title: string;
  readonly style: string;
  readonly content: readonly string[];
}

/** The text of an SVG file. The same drawing always has the same text. */
export function svg({ width, height, title, style, content }: Drawing): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${style}</style>`,
    ...content,
    '</svg>',
    '',
  ].join('\n');
}

/** Text as it must stand in XML. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
