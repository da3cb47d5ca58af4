"""eNTERFACE'05: 42 people of 14 nations answer to stories in English, in six emotions. Martin et al. 2006."""

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from .base import Corpus, CorpusInfo, Row, register_corpus

__all__ = ["Enterface"]

_EMOTIONS = {
    "ha": "happy",
    "sa": "sad",
    "an": "angry",
    "fe": "fearful",
    "di": "disgust",
    "su": "surprised",
}
_SUBJECTS = [subject for subject in range(1, 45) if subject not in (6, 12)]
_ABSENT = {"s23_ha_1", "s23_ha_2", "s23_ha_3"}
# subject 3 has names such as s_3_su_1, and one name ends in 3avi
_NAME = re.compile(r"s_?(?P<subject>\d{1,2})_(?P<emotion>an|di|fe|ha|sa|su)(?:_(?P<sentence>[1-5])(?:avi)?)?", re.I)
_SUBJECT = re.compile(r"subject[ _-]*(\d{1,2})", re.I)
_SENTENCE = re.compile(r"sentence[ _-]*([1-5])", re.I)


@register_corpus
class Enterface(Corpus):
    """eNTERFACE'05 audio-visual emotion database, the sound of it.

    The release is video, `subject 19/anger/sentence 4/s19_an_4.avi`; extract the sound to files of the same stem. The
    speaker and the sentence are those of the folders, since some names are wrong; names alone are read where the
    folders are gone. Subject 6, whose six recordings are not cut into sentences, is set aside.
    """

    info = CorpusInfo(
        name="enterface",
        title="eNTERFACE'05",
        language="English (non-native speakers)",
        licence="research use",
        citation=(
            "Martin O., Kotsia I., Macq B., Pitas I. (2006). The eNTERFACE'05 audio-visual emotion database. 22nd "
            "International Conference on Data Engineering Workshops. https://doi.org/10.1109/ICDEW.2006.145"
        ),
        homepage="https://enterface.net/enterface05/",
        emotions=tuple(_EMOTIONS.values()),
        speakers=42,
        clips=1257,
        verified="names",
        example="subject 19/anger/sentence 4/s19_an_4.wav",
        faults=(
            "subject 6 has six long files instead of sentences (set aside); there is no subject 12",
            "30 files of subject 11 are named s12",
            "16 files of subject 3 are named s_3; one file is named s16_su_3avi",
            "the names of sentences 1 and 2 of subject 2, anger, are swapped",
            "subject 23 has two happy clips (sentences 4 and 5)",
        ),
    )
    columns: ClassVar[Mapping[str, str]] = {"sentence": "int32"}

    def sets_aside(self, path: PurePosixPath) -> str | None:
        """Recordings that are not cut into sentences."""
        match = _NAME.fullmatch(path.stem.strip())
        return "not cut into sentences" if match and not match["sentence"] else None

    def parse(self, path: PurePosixPath) -> Row | None:
        """Read emotion from the name, speaker and sentence from the folders if they are there."""
        match = _NAME.fullmatch(path.stem.strip())
        if match is None:
            return None
        emotion = match["emotion"].lower()
        subject, sentence = _in_folders(_SUBJECT, path), _in_folders(_SENTENCE, path)
        if subject is None:
            subject = 11 if int(match["subject"]) == 12 else int(match["subject"])
        if sentence is None:
            sentence = int(match["sentence"])
            if (subject, emotion) == (2, "an"):
                sentence = {1: 2, 2: 1}.get(sentence, sentence)
        if subject not in _SUBJECTS:
            return None
        return Row(
            clip=str(path),
            emotion=_EMOTIONS[emotion],
            speaker=str(subject),
            label=emotion,
            key=f"s{subject}_{emotion}_{sentence}",
            more={"sentence": sentence},
        )

    def expected_keys(self) -> Collection[str]:
        """1,257 clips: 42 subjects, six emotions, five sentences, three of them absent."""
        return {
            f"s{subject}_{emotion}_{sentence}"
            for subject in _SUBJECTS
            for emotion in _EMOTIONS
            for sentence in range(1, 6)
        } - _ABSENT


def _in_folders(pattern: re.Pattern[str], path: PurePosixPath) -> int | None:
    for folder in reversed(path.parts[:-1]):
        if match := pattern.fullmatch(folder.strip()):
            return int(match[1])
    return None
