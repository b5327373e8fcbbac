// Lets node run the TypeScript beside this folder, whose imports name the files as they are called when compiled.
import { registerHooks } from "node:module"

registerHooks({
  resolve(specifier, context, next) {
    const isOurs = specifier.startsWith(".") && context.parentURL?.endsWith(".ts")
    return next(isOurs ? specifier.replace(/\.js$/, ".ts") : specifier, context)
  },
})
