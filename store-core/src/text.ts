const encoder = new TextEncoder()

/** Whether every backend can store the text: databases refuse or cut at U+0000 and mangle unpaired surrogates. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0")
}

/** Whether the text takes more than `limit` bytes in UTF-8. Encodes only when its length leaves that open. */
export function utf8LengthExceeds(text: string, limit: number): boolean {
  // Stryker disable ConditionalExpression,EqualityOperator: encoding comes to the same
  if (text.length > limit) return true
  if (text.length * 3 <= limit) return false
  // Stryker restore all
  return encoder.encode(text).byteLength > limit
}

/**
 * Orders two well-formed strings by their UTF-8 bytes, which is code point order. JavaScript's `<` compares UTF-16
 * units and puts U+E000 to U+FFFF after the surrogates of larger code points.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Moves the surrogates, which stand for code points above U+FFFF, behind all other units. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit <= 0xdfff ? unit + 0x2000 : unit - 0x800
}
