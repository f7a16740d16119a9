"""The extractive answer: exact quotations, cited, in two languages."""

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from groundwire.adapters.models.extractive import ExtractiveModel
from groundwire.model.errors import ModelUnavailable
from groundwire.model.ids import DocumentId, PassageId
from groundwire.model.passages import Passage
from groundwire.ports.chat_model import ChatRequest, Delta, Finish, Language

HARBOUR = (
    "The harbour office opens at 7:30 from Monday to Friday. It is closed on Sundays.",
    "A berth for a boat of up to eight metres costs 24 euros a night.\n\n"
    "Boats longer than fifteen metres must announce themselves on VHF channel 12.",
)
LIBRARY = (
    "图书馆周一至周五的开放时间为 8:00 至 22:00。周末为 9:00 至 18:00。",
    "每位读者最多可以借十本书，借期为三十天。逾期未还的图书每天收取 0.2 元滞纳金。",
)
SHUTDOWN = (
    "1.1.8 怎样关闭系统\n\n在普通多用户模式下，可以使用命令行关闭系统。\n\n# shutdown -h now\n\n"
    "参见第 6.3.8 节。",
)

PRICES = (
    "Item | Price (EUR) | Supplier | Since\nOil for lamps | 12 | Barbier and Sons | March 2021\n"
    "Wick | 3 | Ada Brass | May 2020\nFog bell | 950 | Gillett | 1911",
)
DEVICES = (
    "设备 | 价格（元） | 供应商 | 保修期\n"
    "灯油 | 96 | 海光公司 | 一年\n"
    "透镜 | 38000 | 明镜厂 | 五年",
)


def passages(*texts: str) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            id=PassageId(f"c{n}"),
            document=DocumentId("d"),
            title="notes",
            text=text,
            score=1.0,
            relevance=1.0,
        )
        for n, text in enumerate(texts, start=1)
    )


def request(question: str, texts: tuple[str, ...] = (), language: Language = "en") -> ChatRequest:
    return ChatRequest(messages=(), question=question, passages=passages(*texts), language=language)


async def answer(question: str, texts: tuple[str, ...] = (), language: Language = "en") -> str:
    return await ExtractiveModel().answer(request(question, texts, language))


@pytest.mark.parametrize(
    ("question", "texts", "language", "quotes"),
    [
        ("How much does a berth cost?", HARBOUR, "en", "24 euros a night. [2]"),
        ("On which VHF channel must boats announce themselves?", HARBOUR, "en", "channel 12. [2]"),
        ("When does the harbour office open?", HARBOUR, "en", "Monday to Friday. [1]"),
        ("每位读者最多可以借几本书？", LIBRARY, "zh", "借期为三十天。 [2]"),
        ("图书馆周末的开放时间是什么？", LIBRARY, "zh", "[1]"),
        ("怎样关闭系统？", SHUTDOWN, "zh", "关闭系统。 [1]\n\n```\n# shutdown -h now\n```"),
        ("What is the price of a fog bell?", PRICES, "en", "\n\nFog bell — Price (EUR): 950 [1]"),
        ("Since when do we buy wick?", PRICES, "en", "\n\nWick — Since: May 2020 [1]"),
        ("透镜的保修期是多久？", DEVICES, "zh", "\n\n透镜 — 保修期：五年 [1]"),
        ("谁供应灯油？", DEVICES, "zh", "\n\n灯油 — 供应商：海光公司 [1]"),
    ],
)
async def test_the_sentence_that_answers_is_quoted_and_cited(
    question: str, texts: tuple[str, ...], language: Language, quotes: str
) -> None:
    assert quotes in await answer(question, texts, language)


async def test_every_quotation_is_in_its_passage() -> None:
    said = await answer("What must boats do and when is the office closed?", HARBOUR)

    quotations = said.split("\n\n")[1:]
    assert quotations
    for quotation in quotations:
        text, _, number = quotation.removesuffix("]").rpartition(" [")
        assert text in HARBOUR[int(number) - 1]


async def test_a_question_about_something_else_is_not_answered() -> None:
    assert await answer("Who is the mayor of Berlin?", HARBOUR) == (
        "Nothing in the documents answers this."
    )
    assert "没有能回答" in await answer("柏林的市长是谁？", LIBRARY, "zh")


SHOP = ("商品可在收货后三十天内退货。运费由顾客承担。",)


async def test_a_short_question_in_other_words_is_answered_if_its_meaning_is_near() -> None:
    asked = request("退货期限是几天？", SHOP, "zh")
    (near,) = asked.passages
    far = msgspec.structs.replace(near, relevance=0.1)

    said = await ExtractiveModel().answer(asked)
    denied = await ExtractiveModel().answer(msgspec.structs.replace(asked, passages=(far,)))

    assert said.startswith("文档没有直接回答这个问题")
    assert "三十天内退货。 [1]" in said
    assert "没有能回答" in denied


async def test_a_question_half_spoken_of_is_answered_with_a_caution() -> None:
    assert (await answer("What colour is the harbour?", HARBOUR)).startswith(
        "The documents do not answer this in so many words."
    )


async def test_without_documents_it_says_how_to_get_a_model() -> None:
    assert "groundwire model pull" in await answer("Hello?")
    assert "没有安装足够强的语言模型" in await answer("你好？", language="zh")


async def test_a_question_in_another_language_than_the_documents_is_answered() -> None:
    assert "[1]" in await answer("港口办公室几点开门？", HARBOUR, "zh")


async def test_a_reference_in_the_document_is_not_taken_for_a_citation() -> None:
    said = await answer("What is a fox?", ("A fox is a small animal [7] that runs [1, 2].",))

    assert r"\[7\]" in said
    assert said.endswith("[1]")


async def test_it_streams_in_small_pieces_that_make_the_answer() -> None:
    model = ExtractiveModel()
    asked = request("How much does a berth cost?", HARBOUR)

    *deltas, finish = [part async for part in model.stream(asked)]

    texts = [delta.content for delta in deltas if isinstance(delta, Delta)]
    assert "".join(texts) == await model.answer(asked)
    assert len(texts) > 10
    assert all(texts)
    assert finish == Finish(reason="stop")


class Meaning:
    """Embeds a text by whether it speaks of money, in any language."""

    name = "money"
    dimensions = 2

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken

    async def embed(self, texts: list[str], *, kind: str) -> NDArray[np.float32]:
        if self.broken:
            raise ModelUnavailable("It is down.")
        money = [any(word in text for word in ("euros", "价", "钱")) for text in texts]
        return np.array([(1.0, 0.0) if m else (0.0, 1.0) for m in money], dtype=np.float32)


async def test_meaning_finds_what_words_cannot() -> None:
    model = ExtractiveModel(embedder=Meaning())  # pyright: ignore[reportArgumentType]

    said = await model.answer(request("泊位多少钱？", HARBOUR, "zh"))

    assert said.split("\n\n")[1].endswith("24 euros a night. [2]")


async def test_an_embedder_that_is_down_leaves_the_words() -> None:
    model = ExtractiveModel(embedder=Meaning(broken=True))  # pyright: ignore[reportArgumentType]

    assert "24 euros" in await model.answer(request("How much does a berth cost?", HARBOUR))


async def test_each_part_of_a_question_has_its_quotation_and_what_has_none_is_said() -> None:
    texts = ("The lamp was lit on 180 nights.", "The keeper was paid 40 crowns a month.")
    parts = ("On how many nights was the lamp lit?", "How much was the keeper paid a month?")
    asked = ChatRequest(
        messages=(), question=" ".join(parts), parts=parts, passages=passages(*texts)
    )
    unknown = "Who painted the chapel ceiling?"

    both = await ExtractiveModel().answer(asked)
    one = await ExtractiveModel().answer(msgspec.structs.replace(asked, parts=(parts[0], unknown)))
    none = await ExtractiveModel().answer(msgspec.structs.replace(asked, parts=(unknown, unknown)))

    assert both == f"From your documents:\n\n{texts[0]} [1]\n\n{texts[1]} [2]"
    assert one.endswith(f"{texts[0]} [1]\n\nNothing in the documents answers “{unknown}”.")
    assert none == "Nothing in the documents answers this."


async def test_what_answers_two_parts_is_quoted_once() -> None:
    text = "The lamp was lit on 180 nights by the keeper."
    parts = ("On how many nights was the lamp lit?", "Who lit the lamp on 180 nights?")
    asked = ChatRequest(messages=(), question="", parts=parts, passages=passages(text))

    assert (await ExtractiveModel().answer(asked)).count(text) == 1
