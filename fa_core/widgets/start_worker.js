/** A classic worker of this text: on a page from file://, a module worker from a blob never starts. */
export function startWorker(text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = new Worker(address);
  worker.addEventListener("message", () => URL.revokeObjectURL(address), { once: true });
  return worker;
}

/** What to tell the reader of a browser in which that fails. */
export const NO_WORKER =
  "The networks train in a Web Worker here, and this browser does not allow one. " +
  "A current version of Firefox, Chrome, Edge or Safari does.";
