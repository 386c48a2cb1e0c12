"""Makes tokens.json: texts and the tokens that OpenCLIP gives them (open_clip_torch 3.3.0, ftfy 6.3.1, regex 2026.11.15).

pip download open_clip_torch==3.3.0 --no-deps; unzip it here; pip install ftfy regex; python tokens.py > tokens.json
"""
import importlib.util, json, sys, types

# The tokeniser's module imports torch and NumPy, which encode() does without.
sys.modules["torch"] = types.SimpleNamespace(LongTensor=None, Tensor=None)
sys.modules.setdefault("numpy", types.ModuleType("numpy"))
spec = importlib.util.spec_from_file_location("tokenizer", "open_clip/tokenizer.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
tokenizer = module.SimpleTokenizer()

TEXTS = [
    "a photo of a red dress", "", " ", "\t two\r\nlines \u00a0 and\u3000spaces  ", "blue denim jeans, size 32/34 (W/L)",
    "T-SHIRT with café-style prints & don't <b>stop</b>!!", "I'VE they'RE she'll I'd we'Re 'tis rock'n'roll it's",
    "cafe\u0301 nai\u0308ve A\u030angstro\u0308m \u212b \u212a 1\ufb03ce \ufb01t", "ΌΔΟΣ ΣΊΣΥΦΟΣ ὈΔΥΣΣΕΎΣ", "İstanbul STRASSE Straße ẞ",
    "日本語の着物 👗👠🧥 👩🏽‍🦰 한복 旗袍 ｆｕｌｌｗｉｄｔｈ　ｶﾀｶﾅ １２３", "Платье в ГОРОШЕК", "فستان أحمر", "שמלה אדומה", "ชุดเดรสสีแดง", "साड़ी",
    "H&amp;M &lt;3 &quot;chic&quot; &#39;90s &#x1F457; 100&nbsp;% &eacute;l&eacute;gant &copy 2024 &amp;amp; &notin; &bogus; &",
    "Marks &amp Spencer &#8217;s &rsquo;til &#150; &#0; &#xD800; AT&T R&D &ampersand &amp;lt;b&amp;gt;",
    "\u201cquoted\u201d and \u2018single\u2019 don\u2019t \u02bc \u201a \u201e", "dress\u0000 with\u0007 control\u200b zero\u200dwidth \ufeffbom \u001b[31mred\u001b[0m",
    "50% off!!! $19.99 -- €20,00 — #ootd @brand http://shop.example/a?b=c&d=e", "x" * 300, "0123456789" * 10, "…‥ ¡hola! ½ ² ① Ⅷ ﷼ ℡",
    "<start_of_text> a dress <END_OF_TEXT> <end_of_text>trousers", "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "'s 't 're 've 'm 'll 'd 'S 'ſ '' '", "a" * 74, "a " * 74, "a " * 75, "a " * 76, "😀" * 30, "ĳsbeer ǅ ŉ", "snake_case kebab-case CamelCase",
]


def tokens(text):
    ids = [tokenizer.sot_token_id] + tokenizer.encode(text) + [tokenizer.eot_token_id]
    if len(ids) > 77:
        ids = ids[:76] + [tokenizer.eot_token_id]
    return ids


json.dump([dict(text=t, tokens=tokens(t)) for t in TEXTS], sys.stdout, indent=0)
