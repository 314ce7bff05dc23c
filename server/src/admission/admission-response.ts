import { ADMISSION_API_VERSION, ADMISSION_KIND } from './admission-review.ts';
import type { PodDecision } from './pod-decision.ts';

/**
 * The answer in the form that the API server accepts (apiserver `webhook/request/admissionreview.go`): the type
 * names are exact, the uid is echoed, `patch` and `patchType` are both present or both absent. We reject no pod.
 */
export interface AdmissionReviewResponse {
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

/** Allows the object, with a patch and warnings if there are any. */
export function allow(
  uid: string,
  { patch = [], warnings = [] }: Partial<Pick<PodDecision, 'patch' | 'warnings'>>,
): AdmissionReviewResponse {
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

/** The API server truncates longer warnings (apiserver `endpoints/filters/warning.go`), ours and those of others. */
const MAX_WARNING_RUNES = 256;
const MAX_WARNINGS_RUNES = 4096;

/** Truncates each warning, and omits those that exceed the total. */
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
 * drop the whole warning silently (apimachinery `net.NewWarningHeader`).
 */
function printableCharacters(text: string): readonly string[] {
  // A rune is one or two UTF-16 units, so the first 2 × 256 units contain the first 256 runes.
  const start = text.slice(0, 2 * MAX_WARNING_RUNES).replace(/\p{Cc}/gu, ' ');
  return Array.from(start).slice(0, MAX_WARNING_RUNES);
}
