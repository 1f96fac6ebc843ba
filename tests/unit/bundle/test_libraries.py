from foldwise.bundle.libraries import as_words, other_libraries, versions_here


def test_only_another_major_or_minor_version_is_reported():
    now = versions_here("tensorflow")
    assert other_libraries(now) == ""
    assert other_libraries({}) == ""
    major, minor, *_ = now["keras"].split(".")
    assert other_libraries({**now, "keras": f"{major}.{minor}.99"}) == ""
    said = other_libraries({**now, "keras": f"{major}.{int(minor) - 1}.0", "numpy": "1.0"})
    assert said.startswith(f"was made with keras {major}.{int(minor) - 1}.0 (here {now['keras']});")
    assert as_words({"a": "1", "b": "2"}) == "a 1, b 2"


def test_versions_name_the_backend_that_computed():
    named = set(versions_here("tensorflow")) - set(versions_here("jax"))
    assert named == {"tensorflow"}
    assert other_libraries({"jax": "0.0.1", "torch": "0.0.1"}).count("here") in (0, 1, 2)  # as many as are installed
