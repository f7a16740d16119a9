"""A follow-up gets the words it leans on; a question that stands alone stays as it is."""

from collections.abc import Sequence

import pytest

from groundwire.model.errors import ModelUnavailable
from groundwire.retrieve.rewrite import Turn, follows_up, rewrite, stand_alone

FIRST = Turn("Which files does a Debian source package need?", ("Guide",), ("Required files",))


@pytest.mark.parametrize(
    "question",
    [
        "and the second one?",
        "Why?",
        "What about Chinese text?",
        "How does it work?",
        "Which one is faster?",
        "What else?",
        "tell me more",
        "那第二个呢？",
        "为什么？",
        "它怎么安装？",
        "还有别的办法吗？",
        "这个文件放在哪里？",
        "前者有什么缺点？",
        "What is the price?",
        "What is new?",
        "And what is that?",
        "What does the second do?",
        "Price?",
        "它是什么？",
        "那是什么？",
        "是什么？",
        "价格呢？",
    ],
)
def test_a_question_that_leans_on_another_is_a_follow_up(question: str) -> None:
    assert follows_up(question)


@pytest.mark.parametrize(
    "question",
    [
        "Which command builds the binary package?",
        "How do I configure the network interface on boot?",
        "What is the default value of the debhelper compatibility level?",
        "Who won Super Bowl 50?",
        "如何配置系统的网络接口？",
        "Debian 的软件包管理工具有哪些？",
        "《战国无双3》是由哪两个公司合作开发的？",
        "aptitude 和 apt-get 有什么区别？",
        "What is debmake?",
        "Who is Ada Lovelace?",
        "What's debhelper?",
        "What does debmake do?",
        "Explain debhelper",
        "debmake是什么？",
        "什么是 quilt？",
        "quilt 是什么意思？",
        "quilt是干什么用的？",
    ],
)
def test_a_question_with_words_of_its_own_stands_alone(question: str) -> None:
    assert not follows_up(question)
    assert stand_alone(question, [FIRST]) == question


def test_a_follow_up_is_joined_with_the_question_and_what_was_cited() -> None:
    query = stand_alone("and the second one?", [FIRST])

    assert query == f"{FIRST.question} Guide Required files and the second one?"


def test_a_chain_of_follow_ups_leads_back_to_the_question_that_stood_alone() -> None:
    history = [Turn("How large is Mars?"), Turn("如何安装 aptitude 软件包？"), Turn("那配置呢？")]

    query = stand_alone("为什么？", history)

    assert query == "如何安装 aptitude 软件包？ 那配置呢？ 为什么？"


def test_the_first_question_stays_as_it_is() -> None:
    assert stand_alone("and the second one?", []) == "and the second one?"


def test_a_long_history_does_not_swallow_the_question() -> None:
    query = stand_alone("and why?", [Turn("word " * 1_000)])

    assert query.endswith("and why?")
    assert len(query) <= 410


async def test_a_model_may_do_better() -> None:
    async def ask(question: str, history: Sequence[Turn]) -> str:
        return f" {history[0].titles[0]}: {question} "

    assert await rewrite("and why?", [FIRST], ask=ask) == "Guide: and why?"


async def test_a_model_that_fails_is_replaced_by_the_rules() -> None:
    async def ask(question: str, history: Sequence[Turn]) -> str:
        raise ModelUnavailable("It is down.")

    assert await rewrite("and why?", [FIRST], ask=ask) == stand_alone("and why?", [FIRST])
