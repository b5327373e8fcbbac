/** The package has types, but its exports hide them. */
declare module "y-leveldb" {
  export class LeveldbPersistence {
    constructor(location: string)
    storeUpdate(docName: string, update: Uint8Array): Promise<number>
    getYDoc(docName: string): Promise<import("yjs").Doc>
    destroy(): Promise<void>
  }
}
