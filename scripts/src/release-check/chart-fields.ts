/** A field at the top level of a YAML file. */
export function yamlField(text: string, name: string): string | undefined {
  return new RegExp(`^${name}: *["']?([^"'\\s#]+)`, 'm').exec(text)?.[1];
}

/** The default of `image.repository` in the text of the chart's values; `undefined` if there is none. */
export function imageRepository(values: string): string | undefined {
  const [, image = ''] = /^image:\n((?:[ #].*\n|\n)*)/m.exec(values) ?? [];
  return /^ +repository: *["']?([^"'\s#]+)/m.exec(image)?.[1];
}
