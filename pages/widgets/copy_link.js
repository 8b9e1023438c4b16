export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = data.copied;
      setTimeout(() => (button.textContent = data.label), 2000);
    } catch {
      prompt(data.label, location.href); // without https a page may not write to the clipboard
    }
  };
}
