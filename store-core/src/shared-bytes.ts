const SIZE = 64 * 1024

/**
 * A buffer that few bytes are copied into, one behind the other, and another when it is full; no place is used twice. A
 * buffer for each costs more to make and to collect than all else the engine does for a small record.
 *
 * Each store has its own: what waits for a commit keeps the whole buffer, which is then full of what waits with it.
 */
export class SharedBytes {
  private buffer = new ArrayBuffer(0)
  private used = 0

  /** A copy of `value`, which has `length` bytes; many have a buffer of their own. Throws when its buffer is detached. */
  copy(value: Uint8Array, length: number): Uint8Array {
    if (length > SIZE / 16) return new Uint8Array(value)
    if (this.buffer.byteLength - this.used < length) {
      this.buffer = new ArrayBuffer(SIZE)
      this.used = 0
    }
    const copied = new Uint8Array(this.buffer, this.used, length)
    try {
      copied.set(value)
    } catch {
      // Another thread has made shared memory longer meanwhile, or there is none: this reads the length itself, or throws.
      return new Uint8Array(value)
    }
    this.used += length
    return copied
  }
}
