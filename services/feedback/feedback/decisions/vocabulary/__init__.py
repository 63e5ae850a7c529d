"""The words by which a note betrays a safety or medical matter, in English and the large languages reps write in.

Over-eager on purpose: a word too many costs somebody a glance, a word too few loses an adverse event. Negation is not read: "no rash" is
for a safety person to dismiss. The concepts are the usual headings of drug safety (symptoms by organ system, outcomes, the special
situations of GVP Module VI, quality complaints, unsolicited medical requests).
"""
