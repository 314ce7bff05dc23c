import t from 'tap';
import { programNameOf } from '../../src/command-line/program.ts';

t.test('the name of the file shows what a person types', (t) => {
  for (const path of ['/opt/x/kubectl-ecr_pull_secrets.mjs', '/usr/local/bin/kubectl-ecr_pull_secrets']) {
    t.equal(programNameOf(path), 'kubectl ecr-pull-secrets', path);
  }
  for (const path of ['/opt/ecr-pull-secrets/main.mjs', '/kubectl-plugins/main.mjs', undefined]) {
    t.equal(programNameOf(path), 'ecr-pull-secrets', path ?? 'none');
  }
  t.end();
});
