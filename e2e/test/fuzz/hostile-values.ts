import { CONFIDENTIAL, type Json } from './review.ts';

const NUMBERS = [0, -1, 0.1, 1e308, 2 ** 53];
const TEXTS = ['', ' ', '\u0000', '\ud800', '𝒳', '@', ':', '/', CONFIDENTIAL];
const IMAGES = ['123456789012.dkr.ecr.us-east-1.amazonaws.com', '[::1]:5000/x', '@sha256:', 'a//b'];
const LISTS = [[], [[]], [null], [{}], [CONFIDENTIAL]];
const OBJECTS = [{}, { name: null }, { name: {} }, { image: [] }, { reference: 0 }];
/** What a prototype would have to say to change an answer. */
const PROTOTYPE = { imagePullSecrets: [], image: CONFIDENTIAL, allowed: false, patch: 'e30=' };

/** Of every type, and at its edges. */
export const VALUES: readonly Json[] = [
  null,
  true,
  false,
  ...NUMBERS,
  ...TEXTS,
  ...IMAGES,
  ...LISTS,
  ...OBJECTS,
  PROTOTYPE,
];

const JAVASCRIPT_KEYS =
  '__proto__ constructor prototype toString valueOf toJSON then length hasOwnProperty __defineGetter__';
const POINTER_KEYS = ['', '\u0000', '-', '0', '~1', '/', 'imagePullSecrets'];

/** Keys that mean something to JavaScript, or to a JSON pointer, and should not. */
export const KEYS: readonly string[] = [...JAVASCRIPT_KEYS.split(' '), ...POINTER_KEYS];
