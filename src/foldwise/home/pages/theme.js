"use strict";
// Before the page is drawn: dark as the system or as last chosen. The button comes later.
{
  const root = document.documentElement, chosen = localStorage.getItem("foldwise-theme");
  root.classList.toggle("dark", chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  document.addEventListener("click", (event) => {
    if (event.target.id !== "theme") return;
    localStorage.setItem("foldwise-theme", root.classList.toggle("dark") ? "dark" : "light");
    dispatchEvent(new Event("resize"));  // plots take their colours anew
  });
}
