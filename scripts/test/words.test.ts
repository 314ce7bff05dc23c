import t from 'tap';
import { listFiles, readText } from './support/checkout.ts';

/** Words that we do not use, and the words to use instead. The vocabulary of Kubernetes has one word for one thing. */
const WORDS: readonly (readonly [word: RegExp, instead: string])[] = [
  [/\b(?:told|tells?)\b/, 'report, show, pass, configure (a program cannot tell)'],
  [
    /\basks\b|\b(?:is|are|was|were|be|been|even|not|still) asked\b|\basked (?:about|for|of)\b/,
    'call, request, require',
  ],
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
  [/\bnobody\b/, 'no one, no replica, no client'],
  [/\brecipes?\b/, 'plan hash'],
  [/\bspreads?\b/, 'trust propagation'],
  [/\bauthorit(?:y|ies)\b/, 'CA'],
];

/** Words of tests that the pages, the chart and the product do not use either. */
const WORDS_OF_TESTS: typeof WORDS = [
  [/\bask(?:ed|ing)\b/, 'call, request, require'],
  [
    /(?<!\b(?:anyone|somebody|users?|people|persons?|those|administrators?) )\bwho may\b/,
    'anyone who may, the right to',
  ],
  [
    /\bwhere (?:possible|needed|necessary|it is (?:empty|absent|possible|set|unset))\b|(?:^|[.*|] )where [^.?|]*, (?:it|they|there|the|this|set|use|no|only|an?)\b/,
    'if',
  ],
];

const PRODUCT = /\.md$|^chart\/|^(?:shared|kube|server|certs-scripts|renewer|cli)\/src\//;

/** Names and quotations of others that contain one of these words. Each must occur. */
const NAMES_OF_OTHERS: readonly (readonly [name: RegExp, whose: string])[] = [
  [/certificate[ -]authorit(?:y|ies)/g, 'the term that CA stands for, and a key of a kubeconfig'],
  [/unknown authority/g, 'a message of Go'],
  [/topology spread/g, 'a field of Kubernetes'],
  [/authority (?:key ?id(?:entifier)?|information access)/g, 'extensions of RFC 5280'],
];

/** Files that need one of these words. Each must have it. */
const ALLOWED: readonly (readonly [file: RegExp, word: RegExp, reason: string])[] = [
  [/verify\/general-names\.ts$/, /authority/, 'the part of a URL (RFC 3986)'],
];

/** Files of other authors, files with hashes alone, and this one. */
const IGNORED = /^(?:LICENSE|package-lock\.json)$|go\.sum$|words\.test\.ts$|\.(?:png|tgz|gz)$/;

/** Which exceptions were needed. */
const used = new Set<RegExp>();

/** Lower case, with a blank between the words of an identifier, and without the names of others. */
function wordsOf(line: string): string {
  const words = line.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|_/g, ' ').toLowerCase();
  return NAMES_OF_OTHERS.reduce((text, [name]) => {
    const rest = text.replaceAll(name, '');
    if (rest !== text) used.add(name);
    return rest;
  }, words);
}

function isAllowed(file: string, word: string): boolean {
  const [pattern] = ALLOWED.find(([files, allowed]) => files.test(file) && allowed.test(word)) ?? [];
  if (pattern) used.add(pattern);
  return pattern !== undefined;
}

/** A problem for each word, with its place and the word to use instead. */
function problemsIn(file: string, text: string): readonly string[] {
  return text.split('\n').flatMap((line, index) => {
    const words = wordsOf(line);
    return (PRODUCT.test(file) ? [...WORDS, ...WORDS_OF_TESTS] : WORDS).flatMap(([pattern, instead]) => {
      const [word] = pattern.exec(words) ?? [];
      if (word === undefined || isAllowed(file, word)) return [];
      return [`${file}:${index + 1}: "${word}": use ${instead}`];
    });
  });
}

t.test('no file has a word that we do not use', async (t) => {
  const files = (await listFiles()).filter((file) => !IGNORED.test(file));
  const problems = await Promise.all(files.map(async (file) => problemsIn(file, await readText(file))));
  t.ok(files.length > 500);
  t.strictSame(problems.flat(), []);
});

t.test('each exception is needed', (t) => {
  const exceptions = [...NAMES_OF_OTHERS, ...ALLOWED].map(([pattern]) => pattern);
  t.strictSame(
    exceptions.filter((pattern) => !used.has(pattern)),
    [],
  );
  t.end();
});
