import { ADMISSION_API_VERSION, ADMISSION_KIND } from './admission-review.ts';
import type { AddOperation } from './pull-secret-patch.ts';

/**
 * The answer that the API server takes (apiserver `webhook/request/admissionreview.go`): type names
 * exact, the uid echoed, `patch` and `patchType` both there or both absent. We never refuse a pod.
 */
export interface AdmissionAnswer {
  readonly apiVersion: typeof ADMISSION_API_VERSION;
  readonly kind: typeof ADMISSION_KIND;
  readonly response: {
    readonly uid: string;
    readonly allowed: true;
    readonly patchType?: 'JSONPatch';
    /** RFC 6902 operations as JSON, in base64. */
    readonly patch?: string;
    readonly warnings?: readonly string[];
  };
}

/** What a review may say besides "allowed". */
export interface AnswerContent {
  readonly patch?: readonly AddOperation[];
  readonly warnings?: readonly string[];
}

/** Lets the object pass, with what is to be changed about it and said about it. */
export function allow(uid: string, { patch = [], warnings = [] }: AnswerContent): AdmissionAnswer {
  return {
    apiVersion: ADMISSION_API_VERSION,
    kind: ADMISSION_KIND,
    response: {
      uid,
      allowed: true,
      ...(patch.length > 0 && { patchType: 'JSONPatch', patch: toBase64Json(patch) }),
      ...(warnings.length > 0 && { warnings: fitWarnings(warnings) }),
    },
  };
}

function toBase64Json(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

/** Beyond these the API server cuts warnings (apiserver `endpoints/filters/warning.go`), ours and others'. */
const MAX_WARNING_RUNES = 256;
const MAX_WARNINGS_RUNES = 4096;

/** Shortens what is too long and drops what does not fit any more. */
function fitWarnings(warnings: readonly string[]): readonly string[] {
  const fitting: string[] = [];
  let runes = 0;
  for (const warning of warnings) {
    const characters = printableCharacters(warning);
    runes += characters.length;
    if (runes > MAX_WARNINGS_RUNES) break;
    fitting.push(characters.join(''));
  }
  return fitting;
}

/**
 * The first characters of a text as Go counts them. A control character would make the API server
 * drop the whole warning without a word (apimachinery `net.NewWarningHeader`).
 */
function printableCharacters(text: string): readonly string[] {
  // A rune is one or two UTF-16 units; what is far beyond the limit need not be looked at.
  const start = text.slice(0, 2 * MAX_WARNING_RUNES).replace(/\p{Cc}/gu, ' ');
  return Array.from(start).slice(0, MAX_WARNING_RUNES);
}
