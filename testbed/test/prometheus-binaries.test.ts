import { join } from 'node:path';
import t from 'tap';
import { ensurePrometheus } from '../src/prometheus/binaries.ts';
import { executables } from '../testing/processes.ts';

const PACKAGE = `
case "$*" in
  *download*) touch prometheus_1_all.deb ;;
esac`;

const UNPACK =
  'mkdir -p "$3/usr/bin" && printf "#!/bin/sh\\n" > "$3/usr/bin/prometheus" && cp "$3/usr/bin/prometheus" "$3/usr/bin/promtool" && chmod +x "$3/usr/bin/"*';

t.test('Prometheus comes from PATH', async (t) => {
  const bin = executables(t.testdir(), { prometheus: '', promtool: '' });
  t.same(await ensure({ PATH: bin, XDG_CACHE_HOME: '/absent' }), {
    found: { prometheus: join(bin, 'prometheus'), promtool: join(bin, 'promtool') },
    lines: [],
  });
});

t.test('else its package is unpacked into the cache, once', async (t) => {
  const directory = t.testdir({ bin: {}, cache: {} });
  const bin = executables(join(directory, 'bin'), { 'apt-get': PACKAGE, 'dpkg-deb': UNPACK });
  const environment = { PATH: `${bin}:/usr/bin:/bin`, XDG_CACHE_HOME: join(directory, 'cache') };
  const first = await ensure(environment);
  t.match(first, { found: { promtool: /cache\/ecr-pull-secrets\/prometheus-.*\/usr\/bin\/promtool$/ } });
  t.match(first.lines, [/^Fetching Prometheus/]);
  t.same(await ensure(environment), { found: first.found, lines: [] });
});

t.test('a machine without the package has a reason, and no half of it is left', async (t) => {
  const directory = t.testdir({ bin: {}, cache: {} });
  const cache = join(directory, 'cache');
  const none = await ensure({ PATH: '', XDG_CACHE_HOME: cache });
  t.match(none.found, { missing: /no Prometheus on PATH.*there is no apt-get on PATH/ });
  const bin = executables(join(directory, 'bin'), { 'apt-get': 'echo "Unable to locate package" >&2; exit 100' });
  const failed = await ensure({ PATH: `${bin}:/usr/bin:/bin`, XDG_CACHE_HOME: cache });
  t.match(failed.found, { missing: /apt-get update failed: Unable to locate package/ });
});

async function ensure(environment: Readonly<Record<string, string>>) {
  const lines: string[] = [];
  const found = await ensurePrometheus({ progress: (line) => lines.push(line), environment });
  return { found, lines };
}
