// Files in messages: pictures with a closer look, sound and film to play, everything else to download.

import { dialog, h, icon } from "./dom.js";
import { size } from "./format.js";

/** Return the address of a file if it may be shown: ours, or a web page's. */
const safe = (url) => /^(\/(?!\/)|https:\/\/)/.test(url ?? "") ? url : "";
const own = (url) => url.startsWith("/");

/** Return a file of a message as it is shown in the transcript. */
export function fileNode(file) {
  const url = safe(file.url);
  const name = file.name || file.kind;
  if (!url || !own(url)) return download(file, url, name); // elsewhere: nothing is fetched unasked
  if (file.kind === "image") return picture(url, name);
  if (file.kind === "audio") return h("audio.file-media", { controls: true, preload: "metadata", src: url, "aria-label": name });
  if (file.kind === "video") return h("video.file-media", { controls: true, preload: "metadata", src: url, "aria-label": name });
  return download(file, url, name);
}

function picture(url, name) {
  const image = h("img", { src: url, alt: name, loading: "lazy", decoding: "async" });
  const button = h("button.file-picture", { type: "button", "aria-label": `Look at ${name}`, onclick: () => look(url, name) }, image);
  image.addEventListener("error", () => button.replaceWith(download({ kind: "image" }, url, name)));
  return button;
}

function look(url, name) {
  dialog({
    title: name, name: "lightbox",
    build: (close) => h("figure.lightbox-body", { onclick: (event) => event.target.localName === "figure" && close() },
      h("img", { src: url, alt: name }),
      h("figcaption", h("a.button", { href: url, download: name }, "Download"))),
  });
}

function download(file, url, name) {
  const about = h("span.file-about", h("span.file-name", { dir: "auto" }, name), h("span.quiet", file.note || (file.state === "fetching" ? "On its way…" : [size(file.size), file.mime].filter(Boolean).join(" · "))));
  if (!url) return h("span.file", icon("file"), about);
  const goes = own(url) ? { href: url, download: name } : { href: url, target: "_blank", rel: "noopener noreferrer nofollow" };
  return h("a.file", goes, icon("file"), about);
}
