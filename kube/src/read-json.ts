import {
  objectOf,
  SCALAR,
  type Selection,
  type SelectLimits,
  selectJson,
} from '@ecr-pull-secrets/shared/json/select-json.ts';

/** Only selected fields are read of objects that strangers write, who choose the structure too. */
const LIMITS: SelectLimits = {
  /** API servers accept 10,000 levels of JSON (Go's `maxNestingDepth`), and add a few around them. */
  depth: 16_384,
  /**
   * 55 MiB of memory. What is read of an object is a few values, and six of each entry of `managedFields` of a pull
   * secret, which have at least 80 bytes each: 310,000 values in 4 MiB.
   */
  values: 524_288,
  /**
   * No object has a longer one: all annotations together have 256 KiB (apimachinery), of which JSON makes up to six
   * times as much, and the data of a secret 1 MiB (`MaxSecretSize`), of which base64 makes 1.34 MiB.
   */
  scalarBytes: 6 * 256 * 1024,
};

/** Which fields of an object's metadata are read. */
export type MetadataFields = Readonly<Record<string, Selection>>;

const IDENTITY_FIELDS: MetadataFields = {
  name: SCALAR,
  namespace: SCALAR,
  uid: SCALAR,
  resourceVersion: SCALAR,
  deletionTimestamp: SCALAR,
};

/**
 * What is read of an object: the fields of its metadata that identify it, and more of them.
 *
 * @param others - what is read beside the metadata
 */
export function metadataSelection(fields: MetadataFields, others: MetadataFields = {}): Selection {
  return objectOf({ ...others, metadata: objectOf({ ...IDENTITY_FIELDS, ...fields }) });
}

/**
 * Reads what is selected of a JSON text, or everything without a selection.
 *
 * @throws SyntaxError if it is not JSON; its message quotes nothing if something is selected. RangeError beyond the
 *   limits, which no object of an API server reaches
 */
export function readJson(bytes: Buffer, selection: Selection | undefined): ReturnType<typeof JSON.parse> {
  return selection ? selectJson(bytes, selection, LIMITS) : JSON.parse(bytes.toString());
}
