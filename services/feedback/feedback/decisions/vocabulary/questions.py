"""Words by which an HCP's question belongs to medical people: somebody asks, about something only medical may answer."""

from feedback.decisions.vocabulary.entries import phrases, words

MEDICAL_PHRASES = phrases("""
    medical question
    medical inquir
    medical enquir
    medical information
    medical info
    med info
    medinfo
    medical affairs
    medical science liaison
    medical liaison
    medical team
    speak to medical
    talk to medical
    ask medical
    refer to medical
    referred to medical
    from medical
    scientific question
    clinical question
    unsolicited
""")
MEDICAL_WORDS = words("msl msls")

ASKING_WORDS = words("""
    ask asked asking asks clarification clarify curious enquire enquired enquiry inquire inquired inquires inquiry interested
    queries query question questions request requested requesting requests send unsure want wanted wants whether wonder wondered
    wondering wonders
""")
ASKING_PHRASES = phrases("""
    would like
    is there
    are there
    is it safe
    is it ok
    can it be
    can i
    can we
    can you
    can she
    can he
    can they
    could it be
    could you
    do you have
    does it
    do we have
    what is the
    what are the
    what about
    what happens
    how about
    how long
    how does
    how do
    should it
    should i
    any data
    any evidence
    any experience
    looking for data
    need data
    needs data
    need to know
    needs to know
""")

CLINICAL_STEMS = words("""
    adolescen bioavail breastfe carcinogen cardiotox coadminist comorbid contraindic crush dialys geriatr halflife hepatic
    hepatotox immunogen interact investigat kidney lactat liver mechanis metaboli nephrotox neurotox offlabel overdos paediatr
    pediatr pharmacodyn pharmacokin pregnan renal subgroup teratogen titrat unapprov unlicens unpublish washout
""")
CLINICAL_WORDS = words("""
    child children cyp data ddi elderly infants kids mri paper papers pk publication publications studies study trial trials
""")
CLINICAL_PHRASES = phrases("""
    off label
    off-label
    other indication
    another indication
    new indication
    outside the label
    outside label
    not approved
    half life
    half-life
    mode of action
    dose adjust
    adjust the dose
    dose reduc
    reduce the dose
    higher dose
    maximum dose
    max dose
    long term safety
    long-term safety
    safety data
    combination with
    combine with
    combined with
    together with
    along with
    in patients with
    for patients with
    for use in
    be used in
    be used with
    be used for
    used during
    drug level
    blood test
    monitoring
    alcohol
    antidote
    vaccin
    surgery
    side effect
    adverse
    allerg
    overdose
    pipeline
    phase 2
    phase 3
    phase ii
""")

OFF_LABEL_PHRASES = phrases("""
    off label
    off-label
    offlabel
    unlicensed use
    unapproved use
    outside the label
    outside label
    not approved for
    not licensed for
    not indicated
""")

# Off-label use that happened, rather than was asked about.
OFF_LABEL_USE_PHRASES = phrases("""
    uses it off
    using it off
    used it off
    use it off
    uses off
    using off
    used off
    prescribes it off
    prescribes off
    prescribed off
    prescribing off
    prescribed it off
    gives it off
    gave it off
    giving it off
    treated off
    treats off
""")
