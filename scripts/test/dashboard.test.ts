import { readFile } from 'node:fs/promises';
import t from 'tap';

const FILE = new URL('../../chart/dashboards/ecr-pull-secrets.json', import.meta.url);

/**
 * A row of Grafana's grid has 30 px and a gap of 8 px, so these are 836 px. A browser on a screen of 1,080 px shows about
 * 970 px, of which Grafana needs 130 px for its own bars.
 */
const ROWS_OF_A_SCREEN = 22;

const COLUMNS = 24;

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description?: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly panels?: readonly Panel[];
  readonly collapsed?: boolean;
}

const { panels }: { readonly panels: readonly Panel[] } = JSON.parse(await readFile(FILE, 'utf8'));
const all = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);

t.test('the dashboard fits on one screen, and no panel covers another', (t) => {
  t.ok(Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) <= ROWS_OF_A_SCREEN);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
  );
  t.equal(new Set(cells).size, cells.length);
  t.ok(panels.every(({ gridPos: { x, w } }) => x + w <= COLUMNS));
  t.equal(new Set(all.map(({ id }) => id)).size, all.length, 'each has an id of its own');
  t.end();
});

t.test('each panel answers a question, and describes what it shows', (t) => {
  for (const { title, description = '', type, collapsed } of all) {
    if (type === 'row') {
      t.ok(collapsed, `${title}: only what is seldom needed is below the screen`);
      continue;
    }
    t.match(title, /^[A-Z].*\?$/);
    t.match(description, /^[A-Z].*\.$/, title);
  }
  t.end();
});
