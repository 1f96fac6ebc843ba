import json
import os
import re

import pytest

from foldwise.data.sources.box_file import Box, find_boxes, read_boxes
from foldwise.errors import DataError
from foldwise.spec.places import Paths

SIMPLE = {"images": [{"name": "a.png", "boxes": [{"label": "cat", "box": [1, 2, 3, 4.5]}]}, {"name": "b.png", "boxes": []}]}
COCO = {
    "images": [{"id": 7, "file_name": "a.png", "height": 40, "width": 30}, {"id": 2, "file_name": "b.png"}],
    "categories": [{"id": 1, "name": "cat"}],
    "annotations": [{"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 2, 2.5]}],
}
VOC = """<annotation><filename>a.png</filename><size><width>30</width><height>40</height></size><object><name>cat</name>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4.5</ymax></bndbox></object></annotation>"""
CSV = "file,label,x_min,y_min,x_max,y_max\na.png,cat,1,2,3,4.5\nb.png,,,,,\n"


def written(tmp_path, content, name="boxes"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def xml_folder(tmp_path, *texts):
    folder = tmp_path / "xml"
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"p{number}.xml").write_text(text)
    return folder


@pytest.mark.parametrize(("content", "size"), [(SIMPLE, None), (COCO, (40, 30)), (CSV, None)])
def test_each_format_gives_the_same_boxes(tmp_path, content, size):
    first, second = read_boxes(written(tmp_path, content))
    assert (first.name, first.size) == ("a.png", size)
    assert [(box.label, box.corners) for box in first.boxes] == [("cat", (1.0, 2.0, 3.0, 4.5))]
    assert (second.name, second.boxes) == ("b.png", ())


def test_a_folder_of_xml(tmp_path):
    folder = xml_folder(tmp_path, VOC, "<annotation></annotation>")
    first, second = read_boxes(folder)
    assert (first.name, first.size) == ("a.png", (40, 30))
    assert first.boxes == (Box("cat", (1.0, 2.0, 3.0, 4.5), f"{folder / 'p0.xml'}, object 1"),)
    assert (second.name, second.size, second.boxes) == ("p1", None, ())


def changed(content, path, value):
    content = json.loads(json.dumps(content))
    node = content
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return content


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty; give COCO's JSON"),
        ("  \n", "is empty; give COCO's JSON"),
        ('{"images": [\n{"boxes": ]}', "is not JSON: .*line 2"),
        ('{"images": NaN}', "is not JSON: it holds NaN"),
        ("[1, 2]", "has no list 'images'"),
        ({"images": [{"name": "a"}]}, "image 1 has no list 'boxes'"),
        (changed(SIMPLE, ("images", 0, "boxes", 0), 5), "image 1, box 1 is not a mapping"),
        (changed(SIMPLE, ("images", 0, "boxes", 0, "box"), [1, 2, 3]), "box 1: box must be four numbers, got .1, 2, 3."),
        (changed(SIMPLE, ("images", 0, "boxes", 0, "box"), [1, 2, 3, True]), "must be four numbers"),
        (changed(SIMPLE, ("images", 0, "boxes", 0, "label"), ""), "label must be text"),
        (changed(COCO, ("annotations", 0, "bbox"), None), "annotation 1: bbox must be four numbers"),
        (changed(COCO, ("annotations", 0, "image_id"), 9), "annotation 1: image_id 9 is not in 'images'"),
        (changed(COCO, ("annotations", 0, "category_id"), 9), "annotation 1: category_id 9 is not in 'categories'"),
        (changed(COCO, ("annotations", 0, "iscrowd"), 1), "annotation 1 is a crowd"),
        (changed(COCO, ("images", 1, "id"), 7), "two images have one id"),
        (changed(COCO, ("images", 1, "id"), [7]), r"image 2: id must be a whole number or text, got \[7\]"),
        (changed(COCO, ("categories", 0, "id"), None), "category 1: id must be a whole number or text, got None"),
        (changed(COCO, ("categories",), [{"id": 1, "name": "a"}] * 2), "two categories have one id, 1; give each its own"),
        (changed(COCO, ("annotations", 0, "image_id"), [7]), r"annotation 1: image_id \[7\] is not in 'images'"),
        (changed(COCO, ("annotations", 0, "category_id"), {}), r"annotation 1: category_id {} is not in 'categories'"),
        (CSV.replace("4.5", "4.5,"), "line 2: 7 cells, more than the 6 of the header; save it as UTF-8 text with a comma"),
        ({"images": [], "annotations": []}, "has no list 'categories'"),
        ("<annotation/>", "is one XML file; name the folder"),
        (CSV.replace("4.5", "tall"), "row 1: y_max 'tall' is not a number"),
        (CSV.replace("4.5", ""), "row 1: y_max is missing"),
        (CSV.replace("b.png", ""), "row 2: file is missing"),
        (CSV.replace("label", "kind"), "has no column 'label'"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path, content, sentence):
    with pytest.raises(DataError, match=sentence):
        read_boxes(written(tmp_path, content))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (VOC.replace("</object>", ""), "p0.xml cannot be read as XML: mismatched tag: line 2"),
        ("", "p0.xml cannot be read as XML: it is empty"),
        ('<!DOCTYPE a [<!ENTITY b "ha">]><annotation>&b;</annotation>', "it has a DOCTYPE, which is not read"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>', "it has a DOCTYPE, which is not read"),
        ("<annotation>&ha;</annotation>", "undefined entity"),
        (VOC.replace("cat", ""), "object 1 has no name"),
        ("<foo/>", "p0.xml is not Pascal VOC's XML: it begins with <foo>, not <annotation>"),
        (VOC.replace("4.5", "tall"), "object 1: bndbox/ymax is 'tall', not a number"),
        (VOC.replace("4.5", "inf"), "object 1: bndbox/ymax is 'inf'; give pixels"),
    ],
)
def test_xml_that_cannot_be_read_says_where(tmp_path, text, sentence):
    with pytest.raises(DataError, match=sentence):
        read_boxes(xml_folder(tmp_path, text))


def test_a_doctype_in_another_encoding_is_refused_too(tmp_path):
    folder = xml_folder(tmp_path, "")
    text = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "ha">]><a>&b;</a>'
    (folder / "p0.xml").write_bytes(text.encode("utf-16"))
    with pytest.raises(DataError, match="DOCTYPE"):
        read_boxes(folder)


def test_a_folder_without_xml(tmp_path):
    with pytest.raises(DataError, match="holds no XML files"):
        read_boxes(tmp_path)


def test_boxes_are_found_beside_their_pictures_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    with pytest.raises(DataError, match=r"data.boxes: not found: b.json"):
        find_boxes("b.json", tmp_path / "pictures", Paths(), "data.boxes")
    written(tmp_path, SIMPLE, "b.json")
    assert str(find_boxes("b.json", tmp_path / "pictures", Paths(), "data.boxes")) == "b.json"
    beside = written(tmp_path / "pictures", SIMPLE, "b.json")
    assert find_boxes("b.json", tmp_path / "pictures", Paths(), "data.boxes") == beside


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_cells_of_a_csv_file_may_be_separated_otherwise(tmp_path, delimiter):
    assert read_boxes(written(tmp_path, CSV.replace(",", delimiter), "b.csv"))[0].boxes[0].corners == (1.0, 2.0, 3.0, 4.5)


def test_a_csv_file_in_another_encoding_gets_no_advice_that_pictures_do_not_have(tmp_path):
    path = tmp_path / "b.csv"
    path.write_bytes(CSV.replace("cat", "k\u00e4fer").encode("latin-1"))
    with pytest.raises(DataError, match="is not utf-8; save it as UTF-8 text with a comma"):
        read_boxes(path)


def test_json_in_another_encoding_gets_no_advice_on_csv(tmp_path):
    path = tmp_path / "b.json"
    path.write_bytes(json.dumps(SIMPLE).encode("utf-16"))
    with pytest.raises(DataError, match=r"b\.json is not JSON"):
        read_boxes(path)


def test_a_column_of_boxes_is_no_column_of_the_training_data(tmp_path):
    path = written(tmp_path, CSV.replace("x_min", "x"), "b.csv")
    with pytest.raises(DataError, match="^" + re.escape(f"{path} has no column 'x_min'")):
        read_boxes(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "boxes.json")
    with pytest.raises(DataError, match="cannot be read \\(it is not a regular file\\)"):
        read_boxes(tmp_path / "boxes.json")


def test_xml_outside_of_its_folder_is_not_read(tmp_path):
    folder = xml_folder(tmp_path, VOC)
    (tmp_path / "other.xml").write_text(VOC)
    (folder / "link.xml").symlink_to(tmp_path / "other.xml")
    with pytest.raises(DataError, match=r"link\.xml is a link that leads out of"):
        read_boxes(folder)


def test_a_user_who_does_not_exist(tmp_path):
    with pytest.raises(DataError, match=r"data\.boxes: .*home directory"):
        find_boxes("~no-such-user-here/b.json", tmp_path, Paths(), "data.boxes")
