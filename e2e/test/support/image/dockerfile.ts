/** One instruction of a Dockerfile, its variables filled in but for those of a shell command. */
export type Instruction =
  | {
      readonly name: 'COPY';
      readonly from?: string;
      readonly sources: readonly string[];
      readonly destination: string;
    }
  | { readonly name: 'RUN'; readonly command: string }
  | { readonly name: 'WORKDIR'; readonly path: string };

/** From one `FROM` to the next. */
export interface Stage {
  readonly base: string;
  readonly platform?: string;
  readonly alias?: string;
  readonly instructions: readonly Instruction[];
  /** What its shell commands find in their environment. */
  readonly variables: Variables;
  readonly labels: Variables;
  readonly environment: Variables;
  readonly user?: string;
  readonly entrypoint?: readonly string[];
}

type Variables = Readonly<Record<string, string>>;

/**
 * Reads a Dockerfile as far as ours goes.
 *
 * @param buildArguments - build arguments, over the file's own
 * @throws at what it does not support: what is skipped would not be tested
 */
export function parseDockerfile(text: string, buildArguments: Variables = {}): readonly Stage[] {
  const [head = [], ...stages] = splitStages(linesOf(text));
  const global = head.reduce((known, line) => declare(known, line, buildArguments), {});
  return stages.map((lines) => readStage(lines, global, buildArguments));
}

interface Line {
  readonly name: string;
  readonly rest: string;
}

function linesOf(text: string): readonly Line[] {
  const withoutComments = text.replace(/^#.*\n/gm, '');
  const joined = withoutComments.replace(/ *\\\n */g, ' ');
  return joined
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
      return { name, rest };
    });
}

/** The lines before the first `FROM`, then those of each stage. */
function splitStages(lines: readonly Line[]): Line[][] {
  const parts: Line[][] = [[]];
  for (const line of lines) {
    if (line.name === 'FROM') parts.push([]);
    parts.at(-1)?.push(line);
  }
  return parts;
}

/** `ARG name=value` */
function declare(known: Variables, { name, rest }: Line, buildArguments: Variables): Variables {
  const [, key, value] = /^(\w+)=(.*)$/.exec(rest) ?? [];
  if (name !== 'ARG' || !key) throw new Error(`no argument with a value: ${name} ${rest}`);
  return { ...known, [key]: buildArguments[key] ?? expand(value ?? '', known) };
}

function readStage([from, ...lines]: readonly Line[], global: Variables, buildArguments: Variables): Stage {
  const [, platform, base = '', alias] = /^(?:--platform=(\S+) )?(\S+)(?: AS (\S+))?$/.exec(from?.rest ?? '') ?? [];
  const start: Stage = {
    base: expand(base, global),
    ...(platform ? { platform } : {}),
    ...(alias ? { alias } : {}),
    instructions: [],
    variables: {},
    labels: {},
    environment: {},
  };
  return lines.reduce((stage, line) => addLine(stage, line, buildArguments), start);
}

function addLine(stage: Stage, line: Line, buildArguments: Variables): Stage {
  const { name, rest } = line;
  const text = expand(rest, stage.variables);
  const add = (instruction: Instruction): Stage => ({
    ...stage,
    instructions: [...stage.instructions, instruction],
  });
  switch (name) {
    case 'ARG':
      return { ...stage, variables: declare(stage.variables, line, buildArguments) };
    case 'RUN':
      return add({ name, command: rest });
    case 'WORKDIR':
      return add({ name, path: text });
    case 'COPY':
      return add(readCopy(text));
    case 'LABEL':
      return { ...stage, labels: { ...stage.labels, ...readLabels(text) } };
    case 'ENV':
      return { ...stage, environment: { ...stage.environment, ...readVariable(text) } };
    case 'USER':
      return { ...stage, user: text };
    case 'ENTRYPOINT':
      return { ...stage, entrypoint: JSON.parse(text) };
    default:
      throw new Error(`not known in a Dockerfile: ${name} ${rest}`);
  }
}

function readCopy(text: string): Instruction {
  const [, from, paths = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(text) ?? [];
  const words = paths.split(/ +/);
  const [destination = ''] = words.splice(-1);
  return { name: 'COPY', ...(from ? { from } : {}), sources: words, destination };
}

function readVariable(text: string): Variables {
  const [, key = '', value = ''] = /^(\w+)=(\S*)$/.exec(text) ?? [];
  if (key === '') throw new Error(`not one variable: ${text}`);
  return { [key]: value };
}

function readLabels(text: string): Variables {
  const pairs = [...text.matchAll(/([\w.]+)="([^"]*)"/g)];
  return Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, value]));
}

function expand(text: string, variables: Variables): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, bare) => {
    const value = variables[braced ?? bare];
    if (value === undefined) throw new Error(`no build argument: ${whole}`);
    return value;
  });
}
