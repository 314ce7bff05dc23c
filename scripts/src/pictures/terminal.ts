import { escapeXml, MONOSPACE, svg } from './svg.ts';

const LINE_HEIGHT = 19;
const CHARACTER_WIDTH = 7.85;
const PADDING = 16;
const TITLE_BAR = 28;

/** How long a person waits for a line: longer for a command, as if somebody typed it. */
const PAUSE_SECONDS = 0.3;
const COMMAND_PAUSE_SECONDS = 1;

const STYLE = [
  `text { font: 13px ${MONOSPACE}; fill: #c9d1d9; white-space: pre }`,
  '.command { fill: #7ee787; font-weight: bold }',
  '.done { fill: #79c0ff }',
  '.bar { fill: #8b949e }',
  '@keyframes appear { from { opacity: 0 } to { opacity: 1 } }',
  // A picture that is printed, or shown to a person who wants no motion, has all lines.
  '@media (prefers-reduced-motion: no-preference) { .line { animation: appear 0.15s both } }',
].join('\n');

/** The output of a terminal as a picture, in which one line appears after the other. */
export function terminalPicture(command: string, output: string): string {
  const lines = [`$ ${command}`, ...output.trimEnd().split('\n')];
  const columns = Math.max(...lines.map(({ length }) => length));
  let atSeconds = 0;
  const content = lines.map((line, index) => {
    atSeconds += line === '' ? 0 : line.startsWith('$') ? COMMAND_PAUSE_SECONDS : PAUSE_SECONDS;
    return lineAt(line, TITLE_BAR + PADDING + index * LINE_HEIGHT, atSeconds);
  });
  const width = Math.ceil(columns * CHARACTER_WIDTH) + 2 * PADDING;
  const height = TITLE_BAR + lines.length * LINE_HEIGHT + PADDING;
  return svg({
    width,
    height,
    title: `The output of ${command}`,
    style: STYLE,
    content: [
      `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
      `<text class="bar" x="${PADDING}" y="19">${escapeXml(command)}</text>`,
      ...content.filter((line) => line !== ''),
    ],
  });
}

function lineAt(line: string, y: number, atSeconds: number): string {
  if (line === '') return '';
  const color = line.startsWith('$') ? ' command' : line.startsWith('  ✔') ? ' done' : '';
  const start = `style="animation-delay:${atSeconds.toFixed(1)}s"`;
  return `<text class="line${color}" ${start} x="${PADDING}" y="${y}" xml:space="preserve">${escapeXml(line)}</text>`;
}
