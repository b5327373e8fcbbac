export type { PrismaClientLike } from "./client.js"
export { type Provider, schemaFragment } from "./fragments.js"
export type { ModelNames } from "./models.js"
export { createPrismaStore, PrismaStore, type PrismaStoreOptions } from "./prisma-store.js"
