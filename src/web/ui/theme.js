// Dark, light, or as the system has it. Runs before the page is drawn, so that it does not flash.
'use strict';
(() => {
  const themes = ['auto', 'dark', 'light'];
  const names = {auto: 'Theme: auto', dark: 'Theme: dark', light: 'Theme: light'};
  const kept = () => {
    try {
      return localStorage.getItem('uncork-theme');
    } catch {
      return null;  // a browser that keeps nothing
    }
  };
  let theme = themes.includes(kept()) ? kept() : 'auto';
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    const button = document.getElementById('theme');
    if (button) button.textContent = names[theme];
    dispatchEvent(new Event('themechange'));
  };
  apply();
  addEventListener('DOMContentLoaded', () => {
    apply();
    document.getElementById('theme').addEventListener('click', () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      try {
        localStorage.setItem('uncork-theme', theme);
      } catch {
        // Then it holds until the page is left.
      }
      apply();
    });
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
})();
