"""Makes up an answer that keeps given constraints, by which a prompt's set of constraints is tested.

The answer is filler, never shown to a student: it only proves that the constraints can be read and kept
together.
"""

import json
from typing import Any

from r1data.verify.instruction import counting

ENGLISH = "this is what was asked for"
IN = {
    "ar": "هذا هو الجواب الذي طلبته مني في رسالتك",
    "bg": "това е отговорът който поискахте от мен в писмото си",
    "bn": "আপনি আমার কাছে যে উত্তর চেয়েছিলেন এটাই সেই উত্তর",
    "de": "das ist die antwort die von mir verlangt wurde",
    "es": "esta es la respuesta que me pediste en tu mensaje",
    "fa": "این همان پاسخی است که شما از من خواسته بودید",
    "fi": "tämä on se vastaus jota minulta pyydettiin viestissä",
    "fr": "voici la réponse que vous avez demandée dans votre message",
    "gu": "આ તે જવાબ છે જે તમે મારી પાસે માંગ્યો હતો",
    "he": "זו התשובה שביקשת ממני לכתוב בהודעה שלך",
    "hi": "यह वही उत्तर है जो आपने मुझसे माँगा था और मैंने लिखा है",
    "it": "questa è la risposta che mi hai chiesto nel tuo messaggio",
    "ja": "これはあなたが私に求めた答えです",
    "kn": "ಇದು ನೀವು ನನ್ನನ್ನು ಕೇಳಿದ ಉತ್ತರವಾಗಿದೆ",
    "ko": "이것은 당신이 저에게 요청한 답변입니다",
    "ml": "ഇത് നിങ്ങൾ എന്നോട് ആവശ്യപ്പെട്ട ഉത്തരമാണ്",
    "mr": "हे तेच उत्तर आहे जे तुम्ही माझ्याकडे मागितले होते आणि मी लिहिले आहे",
    "ne": "यो त्यही जवाफ हो जुन तपाईंले मसँग माग्नुभएको थियो",
    "pa": "ਇਹ ਉਹੀ ਜਵਾਬ ਹੈ ਜੋ ਤੁਸੀਂ ਮੇਰੇ ਤੋਂ ਮੰਗਿਆ ਸੀ",
    "pl": "to jest odpowiedź o którą mnie poproszono w tej wiadomości",
    "pt": "esta é a resposta que você me pediu na sua mensagem",
    "ru": "это ответ который вы просили меня написать в своём сообщении",
    "sw": "hili ndilo jibu ambalo uliniomba niandike katika ujumbe wako",
    "ta": "இது நீங்கள் என்னிடம் கேட்ட பதில் ஆகும்",
    "te": "ఇది మీరు నన్ను అడిగిన సమాధానం",
    "th": "นี่คือคำตอบที่คุณขอให้ฉันเขียนในข้อความของคุณ",
    "uk": "це відповідь яку ви просили мене написати у своєму повідомленні",
    "ur": "یہ وہی جواب ہے جو آپ نے مجھ سے مانگا تھا اور میں نے لکھا ہے",
    "vi": "đây là câu trả lời mà bạn đã yêu cầu tôi viết trong tin nhắn",
    "zh": "这就是你要求我写的答案",
}
"""A plain sentence for each language that the public data set asks for."""
MAX_FILLER = 5_000
"""No more of anything than this is made up."""


def compose(wanted: list[tuple[str, dict[str, Any]]]) -> str:
    """An answer for constraints with arguments; whether it keeps them all is the verifier's to say."""
    args: dict[str, list[dict[str, Any]]] = {}
    for name, one in wanted:
        args.setdefault(name.split(":")[1], []).append(one)
    filler = _allowed(IN.get(_only(args, "response_language", "language", "en")[:2], ENGLISH), args)
    head, tail, lines = _head(args), _tail(args), _lines(args)
    words = _words(args) + _padding(args, filler)
    sentences = max(1, _least(args, "number_sentences", "num_sentences"))
    text = _sentences(words or filler.split()[:1], sentences, filler)
    parts = _layout(args, text)
    answer = "\n".join([*head, *parts, *lines, *tail])
    if "two_responses" in args:
        answer = f"{answer}\n******\n{answer} {filler}"
    return _dressed(answer, args)


def _only(args: dict[str, list[dict[str, Any]]], name: str, key: str, default: Any) -> Any:
    return args[name][0][key] if name in args else default


def _least(args: dict[str, list[dict[str, Any]]], name: str, key: str, relation: str = "relation") -> int:
    """The largest lower bound of a count, 0 without one."""
    bounds = (one[key] for one in args.get(name, []) if one.get(relation) != "less than")
    return min(max(bounds, default=0), MAX_FILLER)


def _allowed(filler: str, args: dict[str, list[dict[str, Any]]]) -> str:
    """The words of the filler that are not forbidden and hold no letter that has to be rare."""
    forbidden = {word.lower() for one in args.get("forbidden_words", []) for word in one["forbidden_words"]}
    limits = args.get("letter_frequency", [])
    rare = {one["letter"].lower() for one in limits if one["let_relation"] == "less than"}
    words = [word for word in filler.split() if word not in forbidden and not rare & set(word)]
    return " ".join(words) or "so"


def _head(args: dict[str, list[dict[str, Any]]]) -> list[str]:
    prompt = [one["prompt_to_repeat"] for one in args.get("repeat_prompt", [])]
    return prompt + (["<<on it>>"] if "title" in args else [])


def _tail(args: dict[str, list[dict[str, Any]]]) -> list[str]:
    postscript = [f"{one['postscript_marker']} yes" for one in args.get("postscript", [])]
    return postscript + [one["end_phrase"] for one in args.get("end_checker", [])]


def _lines(args: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What is counted by signs: bullets, highlights, placeholders, sections, the set phrase."""
    lines = ["* so"] * min(_only(args, "number_bullet_lists", "num_bullets", 0), MAX_FILLER)
    bold = min(_only(args, "number_highlighted_sections", "num_highlights", 0), MAX_FILLER)
    lines += ["so *so*"] * bold
    lines += ["so [so]"] * min(_only(args, "number_placeholders", "num_placeholders", 0), MAX_FILLER)
    for one in args.get("multiple_sections", []):
        lines += [f"{one['section_spliter']} {n + 1}" for n in range(min(one["num_sections"], MAX_FILLER))]
    return lines + (["My answer is yes."] if "constrained_response" in args else [])


def _words(args: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Keywords, as often as they are wanted, words in capitals, and letters."""
    words = [word for one in args.get("existence", []) for word in one["keywords"]]
    for one in args.get("frequency", []):
        if one["relation"] == "at least":
            have = sum(one["keyword"].lower() in word.lower() for word in words)
            words += [one["keyword"]] * min(one["frequency"] - have, MAX_FILLER)
    for one in args.get("letter_frequency", []):
        if one["let_relation"] == "at least":
            words += [one["letter"]] * min(one["let_frequency"], MAX_FILLER)
    capitals = _least(args, "capital_word_frequency", "capital_frequency", "capital_relation")
    return words + ["NN"] * capitals


def _padding(args: dict[str, list[dict[str, Any]]], filler: str) -> list[str]:
    """Filler up to the number of words, never a forbidden one."""
    wanted = _least(args, "number_words", "num_words")
    needs_prose = {"response_language", "english_capital", "english_lowercase"} & args.keys()
    prose = filler.split()
    n = max(wanted, 2 * len(prose) if needs_prose else 0)
    return (prose * (n // len(prose) + 1))[:n] if n else []


def _sentences(words: list[str], n: int, filler: str) -> str:
    """The words as so many sentences."""
    if n <= 1:
        return " ".join(words)
    each = max(1, len(words) // n)
    parts = [" ".join(words[start : start + each]) for start in range(0, each * (n - 1), each)]
    parts = [part or filler for part in parts] + [" ".join(words[each * (n - 1) :]) or filler]
    return ". ".join(parts) + "."


def _layout(args: dict[str, list[dict[str, Any]]], text: str) -> list[str]:
    """The text in as many paragraphs as are wanted."""
    if "number_paragraphs" in args:
        n = _only(args, "number_paragraphs", "num_paragraphs", 1)
        return [text, *(["***", "so"] * min(n - 1, MAX_FILLER))]
    for one in args.get("nth_paragraph_first_word", []):
        n = min(one["num_paragraphs"], MAX_FILLER)
        parts = [text, *(["so"] * (n - 1))][:n]
        place = one["nth_paragraph"] - 1
        parts[place : place + 1] = [f"{one['first_word']} {part}" for part in parts[place : place + 1]]
        return ["\n\n".join(parts)]
    return [text]


def _dressed(answer: str, args: dict[str, list[dict[str, Any]]]) -> str:
    """The answer in the case, without the commas, and in the wrapping that are wanted."""
    if "no_comma" in args:
        answer = answer.replace(",", "")
    if "json_format" in args:
        answer = json.dumps({"answer": answer}, ensure_ascii=False)
    if "english_capital" in args:
        answer = answer.upper()
    elif "english_lowercase" in args or ("capital_word_frequency" in args and _at_most_few(args, answer)):
        answer = answer.lower()
    return f'"{answer}"' if "quotation" in args else answer


def _at_most_few(args: dict[str, list[dict[str, Any]]], answer: str) -> bool:
    bounds = [one for one in args["capital_word_frequency"] if one["capital_relation"] == "less than"]
    return any(counting.n_capital_words(answer) >= one["capital_frequency"] for one in bounds)
