import { number } from '@ecr-pull-secrets/bench/report/lines.ts';
import type { ReviewCost } from '@ecr-pull-secrets/bench/report/review.ts';
import { escapeXml, SANS_SERIF, svg } from './svg.ts';

const WIDTH = 720;
const LABELS = 90;
const FIGURES = 110;
const BAR = 18;
const GROUP = 60;
const TOP = 44;

const STYLE = [
  `text { font: 13px ${SANS_SERIF}; fill: #1f2328 }`,
  '.title { font-weight: bold }',
  '.ours { fill: #0969da }',
  '.limit { fill: #afb8c1 }',
].join('\n');

/** The CPU time of a review beside that of a bare server. Each size has its own scale, in which the longer bar is full. */
export function reviewCostsPicture(costs: readonly ReviewCost[]): string {
  const height = TOP + costs.length * GROUP;
  return svg({
    width: WIDTH,
    height,
    title: 'CPU time of a review, by the size of its body',
    style: STYLE,
    content: [
      `<rect width="${WIDTH}" height="${height}" rx="6" fill="#f6f8fa"/>`,
      `<text class="title" x="12" y="24">CPU time of a review (blue), and of a bare server in Node that parses it (grey)</text>`,
      ...costs.flatMap((cost, index) => drawGroup(cost, TOP + index * GROUP)),
    ],
  });
}

function drawGroup({ name, oursUs, limitUs }: ReviewCost, y: number): readonly string[] {
  const full = WIDTH - LABELS - FIGURES;
  const longest = Math.max(oursUs, limitUs);
  const bar = (style: string, us: number, top: number): readonly string[] => {
    const width = Math.round((full * us) / longest);
    return [
      `<rect class="${style}" x="${LABELS}" y="${top}" width="${width}" height="${BAR}"/>`,
      `<text x="${LABELS + width + 8}" y="${top + 14}">${number(us)} µs</text>`,
    ];
  };
  return [
    `<text x="12" y="${y + 24}">${escapeXml(name)}</text>`,
    ...bar('ours', oursUs, y),
    ...bar('limit', limitUs, y + BAR + 2),
  ];
}
