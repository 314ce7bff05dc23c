const MEBIBYTE = 1024 * 1024;

/** The largest object that etcd stores (`--max-request-bytes`), as protobuf. */
const MAX_STORED_BYTES = 1.5 * MEBIBYTE;

/**
 * Go's JSON writes each of `<`, `>`, `&`, a control character and a byte that is not UTF-8 as `\u00XX`: six
 * bytes for one. Structure costs less: lists of small fields grow by up to three times from protobuf to JSON.
 */
const GO_GROWTH = 6;

/**
 * The longest body of a review that is accepted: 10 MiB, for the largest pod that can be stored and 1 MiB around it.
 *
 * controller-runtime accepts 7 MB (`pkg/webhook/admission/http.go`, `maxRequestSize`): an old and a new object of
 * 2 × 1.5 MB each, and 1 MB around them. We get one object, because we review only CREATE, but a pod whose arguments
 * are full of `<` is longer than that: `limits.test.ts` sends one.
 */
export const MAX_BODY_BYTES = MAX_STORED_BYTES * GO_GROWTH + MEBIBYTE;

/**
 * The most memory for all bodies together, small ones too: three of the longest, or 160 KiB for each of the 200
 * changes that an API server makes at once (`--max-mutating-requests-inflight`); a typical pod has 10 KiB.
 * Nothing else that a body costs needs to be counted: `select-json.ts` builds almost nothing from it.
 */
export const BODY_BUDGET_BYTES = 32 * MEBIBYTE;
