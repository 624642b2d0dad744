"""`hedui demo --story`: what the rules provide for besides a smooth query, each played through.

A story runs in one process on `adapters.country`: the real flow, steps, services and cryptography,
on the in-memory broker, with a clock that is moved. It ends with an account for those who know the
rules and not the software, and with checks; a check that fails makes the exit code 1.

| file | what it is |
|---|---|
| stage.py | the country of the stories, and what its people do |
| account.py | what is told: course, holdings, audit, checks |
| telling.py | the account for people and for programs |
| play.py | a story by its name |
| refused.py, city.py, … | one story each |
"""
