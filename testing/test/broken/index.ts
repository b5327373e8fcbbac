import { type BrokenStore, backendOver, storeOver } from "./broken-store.js"
import { closeStores } from "./close.js"
import { errorStores } from "./errors.js"
import { guardStores } from "./guard.js"
import { idStores } from "./ids.js"
import { listingStores } from "./listing.js"
import { loadStores } from "./loads.js"
import { metadataStores } from "./metadata.js"
import { orderStores } from "./order.js"
import { recordStores } from "./records.js"
import { replaceAndDeleteStores } from "./replace-delete.js"
import { sharingStores } from "./sharing.js"
import { sizeStores } from "./sizes.js"
import { writeStores } from "./writes.js"

/** What the suite guards against: stores with one bug each, by topic. */
export const brokenStores: readonly BrokenStore[] = [
  ...orderStores,
  ...writeStores,
  ...replaceAndDeleteStores,
  ...idStores,
  ...recordStores,
  ...sizeStores,
  ...metadataStores,
  ...loadStores,
  ...listingStores,
  ...guardStores,
  ...closeStores,
  ...sharingStores,
  ...errorStores,
]

/** What the broken stores are made of, without a bug: what fails on those fails because of their bugs. */
export const wholeStore: BrokenStore = {
  name: "no bug",
  bug: "None.",
  breaks: [],
  damage: () => ({
    store: store => storeOver(store, {}),
    backend: backend => backendOver(backend, {}),
  }),
}
