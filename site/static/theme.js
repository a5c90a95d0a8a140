// Before anything is drawn: the reader's choice of light or dark, if there was one.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {
  // without storage, the system's choice stands
}
