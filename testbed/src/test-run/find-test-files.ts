import { glob } from 'node:fs/promises';

/** All that tap runs: `tap.include` of the root's package.json. */
const TEST_FILES = '*/test/**/*.test.ts';

/**
 * Finds the test files that names or patterns mean, relative to the checkout.
 *
 * @returns the files of each name, in the names' order
 * @throws if a name means none: tap itself would run the others and succeed
 */
export async function findTestFiles(names: readonly string[], checkout: string): Promise<readonly string[]> {
  const found = await Promise.all(names.map((name) => findOne(name, checkout)));
  return [...new Set(found.flat())];
}

async function findOne(name: string, checkout: string): Promise<readonly string[]> {
  const all = await match(TEST_FILES, checkout);
  const files = (await match(name, checkout)).filter((file) => all.includes(file));
  if (files.length > 0) return files;
  throw new Error(`no test file is named ${JSON.stringify(name)}: a test file is ${TEST_FILES}, for example ${all[0]}`);
}

async function match(pattern: string, checkout: string): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const file of glob(pattern, { cwd: checkout })) files.push(file);
  return files.toSorted();
}
