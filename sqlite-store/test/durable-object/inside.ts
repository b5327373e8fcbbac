import type { DurableObjectState } from "@cloudflare/workers-types"

export const insideTests: Readonly<Record<string, (ctx: DurableObjectState) => Promise<void>>> = {}
