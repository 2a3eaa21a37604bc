"""What a page's letters, targets and boxes are, measured in a browser: JavaScript that returns lists."""

from __future__ import annotations

LETTERS = """() => {
    const channels = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
        .map((one) => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, i) => sum + one * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (node) => {
        for (; node; node = node.parentElement) {
            const found = channels(getComputedStyle(node).backgroundColor);
            if (found.length === 3 || found[3] === 1) return light(found);
        }
        return 1;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
        if (!text || !parent.getClientRects().length || ['SCRIPT', 'NOSCRIPT'].includes(parent.tagName)) continue;
        const style = getComputedStyle(parent), sides = [light(channels(style.color)), ground(parent)].sort();
        const size = parseFloat(style.fontSize), line = parseFloat(style.lineHeight) / size || 1.3; // `normal`
        found.push({text, size, line, contrast: (sides[1] + 0.05) / (sides[0] + 0.05)});
    }
    return found;
}"""
"""Each text that is shown: its size in pixels, the height of its line by its size, its contrast (WCAG 2.1)."""

TARGETS = """() => {
    const found = [];
    for (const one of document.querySelectorAll('a, button, summary, input, select')) {
        const label = one.closest('label'), box = (label || one).getBoundingClientRect();
        if (one.closest('.prose') || one.matches('.skip-link') || one.type === 'hidden' || !box.width) continue;
        found.push({what: one.outerHTML.slice(0, 120), width: Math.round(box.width), height: Math.round(box.height)});
    }
    return found;
}"""
"""Each target of a finger with its box; links inside of a running text apart (WCAG 2.2, 2.5.8)."""

CUT_OR_OVERLAPPING = """() => {
    const found = [], boxes = [], APART = '.skip-link, .sr-only, .stage, script, noscript, option';
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const scrolls = (node) => {
        for (; node; node = node.parentElement)
            if (['auto', 'scroll'].includes(getComputedStyle(node).overflowX)) return node;
        return null;
    };
    while (walker.nextNode()) {
        const node = walker.currentNode, parent = node.parentElement, text = node.textContent.trim();
        if (!text || !parent.getClientRects().length || parent.closest(APART)) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const box of range.getClientRects()) {
            if (box.width < 2 || box.height < 2) continue;
            if ((box.left < -1 || box.right > innerWidth + 1) && !scrolls(parent))
                found.push('beyond the edge: ' + text);
            for (let up = parent; up && up !== document.body; up = up.parentElement) {
                const style = getComputedStyle(up), outer = up.getBoundingClientRect();
                const clips = style.overflowX === 'hidden' || style.overflowX === 'clip';
                if (clips && (box.right > outer.right + 1 || box.bottom > outer.bottom + 4)) found.push('cut: ' + text);
                if (['BUTTON', 'A'].includes(up.tagName) && style.display !== 'inline'
                    && (box.right > outer.right + 1 || box.left < outer.left - 1 || box.bottom > outer.bottom + 2))
                    found.push('beyond its key: ' + text);
            }
            boxes.push({text, node, box});
        }
    }
    for (let i = 0; i < boxes.length; i += 1) for (let j = i + 1; j < boxes.length; j += 1) {
        const a = boxes[i], b = boxes[j];
        if (a.node === b.node || scrolls(a.node.parentElement) !== scrolls(b.node.parentElement)) continue;
        const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        if (wide > 2 && high > Math.min(a.box.height, b.box.height) / 2) found.push(a.text + ' over ' + b.text);
    }
    return found;
}"""
"""Texts that leave the screen, their box or their key, and texts that lie on others."""
