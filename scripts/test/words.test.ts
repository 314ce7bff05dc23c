import t from 'tap';
import { listFiles, readText } from './support/checkout.ts';

/** Words that we do not use, and the words to use instead. The vocabulary of Kubernetes has one word for one thing. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:told|tells?)\b/, 'report, show, pass, configure: a program cannot tell'],
  [/\btroubles?\b/, 'problem'],
  [/\bdut(?:y|ies)\b/, 'the name of the work, such as reconciler'],
  [/\blasting\b/, 'retained, permanent'],
  [/\bgiven certificates?\b/, 'external certificate'],
  [/\bcarr(?:y|ies|ied) out\b/, 'perform, execute'],
  [/\bgather(?:s|ed|ing)?\b/, 'collect'],
  [/\bdying\b/, 'expiring'],
  [/\bdoubtful\b/, 'unknown, unproven'],
  [/\bhopeless\b/, 'permanent, not retryable'],
  [/\bwhoever\b/, 'anyone who'],
  [/\bnobody\b/, 'no one, or name what does not do it'],
  [/\brecipes?\b/, 'plan hash'],
  [/\bspreads?\b/, 'trust propagation'],
  [/\bauthorit(?:y|ies)\b/, 'CA'],
];

/** Names and quotations of others that contain one of these words. Each must occur. */
const NAMES_OF_OTHERS: readonly (readonly [RegExp, string])[] = [
  [/certificate[ -]authorit(?:y|ies)/g, 'the term that CA stands for, and a key of a kubeconfig'],
  [/unknown authority/g, 'a message of Go'],
  [/topology spread/g, 'a field of Kubernetes'],
  [/authority key id(?:entifier)?/g, 'an extension of RFC 5280'],
];

/** Lines that need one of these words. Each must occur. */
const ALLOWED: readonly (readonly [file: RegExp, line: RegExp, reason: string])[] = [];

/** Of other authors, or with hashes alone. */
const IGNORED =
  /^(?:LICENSE|package-lock\.json)$|go\.sum$|^scripts\/test\/words\.test\.ts$|\.(?:png|tgz|gz)$/;

/** Lower case, with a blank between the words of an identifier. */
function split(line: string): string {
  return line.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|_/g, ' ').toLowerCase();
}

t.test('no file has a word that we do not use', async (t) => {
  const unused = new Set([...NAMES_OF_OTHERS, ...ALLOWED].map(([pattern]) => pattern));
  const found: string[] = [];
  for (const file of await listFiles()) {
    if (IGNORED.test(file)) continue;
    for (const [index, line] of (await readText(file)).split('\n').entries()) {
      const allowed = ALLOWED.find(([files, pattern]) => files.test(file) && pattern.test(line));
      if (allowed) {
        unused.delete(allowed[0]);
        continue;
      }
      let text = split(line);
      for (const [pattern] of NAMES_OF_OTHERS) {
        const rest = text.replaceAll(pattern, '');
        if (rest !== text) unused.delete(pattern);
        text = rest;
      }
      for (const [word, instead] of WORDS) {
        const [match] = word.exec(text) ?? [];
        if (match) found.push(`${file}:${index + 1}: "${match}": use ${instead}`);
      }
    }
  }
  t.strictSame(found, []);
  t.strictSame([...unused], [], 'an exception that is no longer needed');
});
