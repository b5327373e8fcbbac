/**
 * Arrays in the binary form of Postgres, so that a statement takes any number of rows as few parameters without the
 * escaping and parsing of text: dimensions, whether there are NULLs, the element type; then, for the only dimension, its
 * size and lower bound; then each element's length (-1: NULL) and bytes.
 */
const INT4 = 23
const INT8 = 20
const TEXT = 25
const HEADER_BYTES = 20

export function int4Array(values: readonly number[]): Uint8Array {
  const { bytes, view } = start(values.length, INT4, 8 * values.length, false)
  let at = HEADER_BYTES
  for (const value of values) {
    view.setInt32(at, 4)
    view.setInt32(at + 4, value)
    at += 8
  }
  return bytes
}

export function int8Array(values: readonly (number | null)[]): Uint8Array {
  const { bytes, view } = start(values.length, INT8, 12 * values.length, values.includes(null))
  let at = HEADER_BYTES
  for (const value of values) {
    if (value === null) {
      view.setInt32(at, -1)
      at += 4
    } else {
      view.setInt32(at, 8)
      view.setBigInt64(at + 4, BigInt(value))
      at += 12
    }
  }
  return bytes.subarray(0, at)
}

const encoder = new TextEncoder()

export function textArray(values: readonly (string | null)[]): Uint8Array {
  // No UTF-16 unit takes more than three bytes. One buffer for all: one for each text would take longer than the texts.
  const most = values.reduce((sum, text) => sum + 4 + 3 * (text?.length ?? 0), 0)
  const { bytes, view } = start(values.length, TEXT, most, values.includes(null))
  let at = HEADER_BYTES
  for (const text of values) {
    const length = text === null ? -1 : encoder.encodeInto(text, bytes.subarray(at + 4)).written
    view.setInt32(at, length)
    at += 4 + Math.max(0, length)
  }
  return bytes.subarray(0, at)
}

function start(count: number, type: number, size: number, hasNulls: boolean) {
  const bytes = new Uint8Array(HEADER_BYTES + size)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, 1)
  view.setInt32(4, hasNulls ? 1 : 0)
  view.setInt32(8, type)
  view.setInt32(12, count)
  view.setInt32(16, 1)
  return { bytes, view }
}
