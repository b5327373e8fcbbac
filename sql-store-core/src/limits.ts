/**
 * How much a page reads and a row holds. A page ends at whichever of its two limits comes first, so that neither many
 * tiny records nor a few large ones make it expensive.
 */

/** Most rows of one page of a load. */
export const PAGE_ROWS = 2000

/** Bytes of payload after which a page ends; the row that crosses the limit still belongs to it. */
export const PAGE_BYTES = 4 * 1024 * 1024

/**
 * Most UTF-8 bytes of payload in one row. With the longest version and lineage beside it a row stays below the 2 MB
 * that Durable Objects allow, on every backend alike, so that a database can move there as it is.
 */
export const PIECE_BYTES = 1_000_000
