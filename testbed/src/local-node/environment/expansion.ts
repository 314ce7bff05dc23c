/**
 * Replaces each `$(NAME)` by that variable's value, as kubelet does in commands, arguments and values:
 * unknown names stay as they are written, `$$(NAME)` becomes the text `$(NAME)`.
 * Source: kubernetes `third_party/forked/golang/expansion`.
 */
export function expandVariables(text: string, valueOf: (name: string) => string | undefined): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (valueOf(name) ?? whole),
  );
}
