import { escapeXml, SANS_SERIF, MONOSPACE, svg } from './svg.ts';

/** The part of a Grafana dashboard that the drawing shows. */
export interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
}

interface Panel {
  readonly title: string;
  readonly type: string;
  /** Of a row: its panels are shown only after a click. */
  readonly collapsed?: boolean;
  /** In columns, of which a dashboard has 24, and in rows. */
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const COLUMN_WIDTH = 36;
const ROW_HEIGHT = 24;
const LINE_HEIGHT = 14;
const GAP = 4;
const HEADER = 36;
const NOTE = 22;

const STYLE = [
  `text { font: 12px ${SANS_SERIF}; fill: #1f2328 }`,
  '.title { font-weight: bold }',
  `.metric { font: 10px ${MONOSPACE}; fill: #57606a }`,
  '.note { fill: #57606a }',
].join('\n');

/** Where each panel of a dashboard is and which metrics it shows. It is a drawing, without data. */
export function dashboardDrawing({ title, panels }: Dashboard): string {
  const width = 24 * COLUMN_WIDTH + 2 * GAP;
  const rows = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h));
  const height = HEADER + rows * ROW_HEIGHT + NOTE;
  return svg({
    width,
    height,
    title: `The layout of the dashboard ${title}`,
    style: STYLE,
    content: [
      `<rect width="${width}" height="${height}" rx="6" fill="#f6f8fa"/>`,
      textAt(2 * GAP, 23, 'title', title),
      ...panels.flatMap(drawPanel),
      textAt(
        2 * GAP,
        height - 8,
        'note',
        'A drawing of the layout, not a screenshot. The names of our metrics are without their prefix.',
      ),
    ],
  });
}

function drawPanel({ title, type, collapsed = false, gridPos, targets = [] }: Panel): readonly string[] {
  const [x, y] = [GAP + gridPos.x * COLUMN_WIDTH, HEADER + gridPos.y * ROW_HEIGHT];
  if (type === 'row') return [textAt(x + GAP, y + 13, 'title', `${collapsed ? '▸' : '▾'} ${title}`)];
  const [width, height] = [gridPos.w * COLUMN_WIDTH - GAP, gridPos.h * ROW_HEIGHT - GAP];
  const titles = wrap(title, (width - 4 * GAP) / 7.1).map((line) => ({ style: 'title', line }));
  const metrics = metricsOf(targets).map((name) => ({ style: 'metric', line: cut(name, (width - 4 * GAP) / 6.1) }));
  const lines = [...titles, ...metrics];
  return [
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="3" fill="#ffffff" stroke="#d0d7de"/>`,
    ...lines.map(({ style, line }, index) => textAt(x + 2 * GAP, y + 16 + index * LINE_HEIGHT, style, line)),
    ...(type === 'timeseries' ? [axes(x, y, width, height)] : []),
  ];
}

/** Each once, without our prefix. */
function metricsOf(targets: readonly { readonly expr: string }[]): readonly string[] {
  const names = targets.flatMap(({ expr }) => [
    ...expr.matchAll(/\b(?:ecr_pull_secrets|apiserver|process|nodejs)_\w+/g),
  ]);
  return [...new Set(names.map(([name]) => name.replace(/^ecr_pull_secrets_/, '').replace(/_bucket$/, '')))];
}

/** Whole words in lines of a length. */
function wrap(text: string, length: number): readonly string[] {
  const line = new RegExp(`.{1,${Math.floor(length)}}(?:\\s|$)`, 'g');
  return (text.match(line) ?? [text]).map((words) => words.trim());
}

/** What does not fit ends with dots. */
function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, Math.floor(length) - 1)}…` : text;
}

/** The sign of a panel with curves. */
function axes(x: number, y: number, width: number, height: number): string {
  const [left, right, bottom, top] = [x + 12, x + width - 12, y + height - 8, y + height - 26];
  return `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="#d0d7de"/>`;
}

function textAt(x: number, y: number, style: string, text: string): string {
  return `<text class="${style}" x="${x}" y="${y}">${escapeXml(text)}</text>`;
}
