"""Words that betray harm to a person: symptoms by organ system, outcomes, consequences for treatment."""

from feedback.decisions.vocabulary.entries import phrases, words

# Beginnings of words that alone tell of harm to a person.
HARM_STEMS = words("""
    abort abscess advers ageusia agranulocyt alopecia amnesi anaphyla anasarca aneurysm angioedema angiooedema anosmi apnea
    apnoea arrhythm asphyxi asystol ataxi autops bled bleed blurred blurry bradycard breathless bruis burning choke choking coma
    comatose convuls cramp cyanosis cyanotic dead death deceased deteriorat diarrhea diarrhoea died diplopia disorient dizz
    drows dyskinesi dyspep dysphag dyspn dysrhythm dystoni eczem edema embolism epistaxis eruption erythem exanthem faint fatal
    fatalit gynecomast haematemesis haematom haematuri haemolys haemorrhag hallucin hemorrag hives hoarse hospitali incontinen
    induced insomni intoler intoxic irritab itch jaundic killed lacrimat lethal lethargi lightheaded malaise malform melena
    myalgi nause neutropeni oedema palpitat pancreatit paralys paresthes perforat petechi photosensit pneumonit poison priapism
    prurit purpura queasy rash rhabdomyolys seizur sepsis septic shiver sick sideeffect sleepless sluggish sores spasm stillb
    stupor suicid swell swollen syncop tachycard teratogen thrombocytopeni thrombos tingl tinnitus tiredness toxic tremb tremor
    twitch unconscious unwell urticari vertigo vomit weakness wheez worsen
""")

# Whole words, because as beginnings they would catch ordinary ones.
HARM_WORDS = words("""
    ache aches achy adr adrs ae aes allergic allergies allergy ambulance blistered blistering blisters clot clots cough coughing
    die dies dying harm harmed hurt hurts hypo hypoglycaemia hypoglycemia hypos icsr ill illness injured injuries injury numb
    numbness puked puking rigors sae saes shaking sob susar unresponsive weird
""")

HARM_PHRASES = phrases("""
    side effect
    side-effect
    undesirable effect
    unwanted effect
    untoward effect
    passed out
    passed away
    blacked out
    threw up
    throwing up
    throw up
    felt bad
    feeling bad
    felt worse
    feels worse
    feeling worse
    got worse
    gotten worse
    getting worse
    became worse
    not feeling well
    did not feel well
    under the weather
    felt weird
    felt strange
    felt funny
    short of breath
    shortness of breath
    difficulty breathing
    trouble breathing
    couldn't breathe
    could not breathe
    can't breathe
    chest pain
    chest tight
    stomach pain
    stomach ache
    stomach upset
    upset stomach
    abdominal pain
    joint pain
    muscle pain
    back pain
    in pain
    severe pain
    pain after
    pain at the injection
    injection site
    infusion reaction
    allergic
    adverse reaction
    skin reaction
    severe reaction
    serious reaction
    had a reaction
    had reaction
    drug reaction
    local reaction
    reaction to the drug
    reaction to the med
    reaction to the inject
    reaction after
    fell down
    fell over
    had a fall
    a bad fall
    headache
    migraine
    heart attack
    heart failure
    liver failure
    kidney failure
    renal failure
    organ failure
    liver enzymes
    elevated liver
    raised liver
    liver injury
    liver damage
    abnormal lab
    blood pressure dropped
    blood pressure drop
    blood in
    lost consciousness
    loss of consciousness
    loss of vision
    lost vision
    vision loss
    hair loss
    losing hair
    lost hair
    hair fell
    hair falling
    weight loss
    weight gain
    lost weight
    gained weight
    loss of appetite
    lost appetite
    no appetite
    couldn't sleep
    can't sleep
    trouble sleeping
    dry mouth
    skin peel
    peeling skin
    broke out in
    breaking out in
    red spots
    birth defect
    congenital anomaly
    miscarr
    premature birth
    went to hospital
    went to the hospital
    taken to hospital
    taken to the hospital
    in the hospital
    in hospital
    to the er
    emergency room
    emergency department
    accident and emergency
    intensive care
    life threatening
    life-threatening
    disabled by
    had to stop
    had to discontinue
    had to be taken off
    taken off
    took her off
    took him off
    took them off
    came off
    come off it
    stopped taking
    stopped the drug
    stopped the med
    stopped treatment because
    stopped therapy because
    stopped because
    discontinued because
    discontinued due
    discontinued after
    discontinuation due
    dropped out because
    couldn't tolerate
    could not tolerate
    can't tolerate
    cannot tolerate
    didn't tolerate
    did not tolerate
    doesn't tolerate
    not tolerate
    badly tolerated
    poorly tolerated
    reacted badly
    reacted to
    bad reaction
    went wrong
    felt dizzy
    felt sick
    got sick
    made her sick
    made him sick
    case report
    pharmacovigilance
    drug safety
    yellow card
    medwatch
""")

# Beginnings and endings of words that name diseases and findings. Treating those is what the products are for: they count only near a
# link.
FINDING_STEMS = words("""
    abnormal acidosis aggress agitat akathisi alkalosis allerg anaemi anemi anorexi anxi arrest ascites asthma atroph bacteremi
    blind block cancer carcinom cataract cholest cirrhos colitis complication confus congest constipat cytopeni deaf
    deficit degenerat delusion demyelin depress dermatit discomfort disorder disturb dysfunct dystroph effusion elevat
    embol emergency encephal eosinophil fail fatigue fever fibrillat fibros fistul flush fractur gangren glaucom granulom
    guillain hearing hemat hemoly hepatit hepatotox hyper hypertroph hypo hypotens impair infarct infect infertil inflam
    insuffic ischaem ischem keratop ketoacid lesion leuc leuk lupus lymphaden lymphom malign mania meningit methemoglob mucosit
    myasthen mydria myelo myocard myoclon myopath necro neoplas nephro neuralg neuroleptic neuropath neurotox neutrop obstruct
    oligur opac pain pallor palsy panic paranoi parkinson perfor peritonit phlebit pigment pleur pneumon polyp porphyri prolong
    proteinur psychos psychot ptosis pulmonary reaction retinop rupture scar sclero sedat shock spots stenos stiff stomatit
    stroke symptom syndrome thromb torsade tumor tumour ulcer unsteady urina urolith uveit vasculit
""")

FINDING_ENDINGS = words("""
    aemia algia anomaly ectasis edema emesis emia itides itis kinesia lysis megaly noea oedema oma omas opia oses osis paresis
    pathies pathy penia phagia phasia plasia plegia pnea rexia rrhage rrhagia rrhea rrhexis sclerosis somnia spasm tonia toxic
    toxicity trophy uria
""")

# Ordinary words of a rep's day that end or begin like a finding.
NOT_FINDINGS = words("""
    analysis aroma blockbuster diagnosis dialysis diploma dose doses empathy glucose infectious prognosis purposes sympathy
""")
SPECIALTY_ENDINGS = ("ologist", "ologists", "ology", "ological", "ologic", "ologia", "ologue", "ologie", "iatrist", "iatrists", "iatry")

# What ties a finding to a person or a product: cause, time after, or somebody it happened to.
LINKS = words("""
    administration after associated association attributable attributed because boy capsule capsules caused causes causing child
    complained complaining complains complaint daughter develop developed developing develops discontinuation discontinued
    dosage dose doses due during emerged emerging episode episodes exacerbated experience experienced experiences experiencing
    exposure father following from girl got had has husband induce induces inducing infant infused infusion injected injection
    linked man mg mother occurred occurring occurs onset patient pill pills post precipitated presented provoked pt received
    receiving recovered related reported resolved resulted resulting revealed secondary shot showed since son started starting
    stopped stopping suddenly suffered suffering suffers tablet tablets taking therapy took treated treatment triggered
    undergoing using was were when while wife withdrawal withdrawing woman worse
""")
LINK_STEMS = words("""
    administ aggravat associat attribut caus cessation complicat discontinu exacerbat induc precipitat rechalleng report
    withdraw
""")

# Long words people often get wrong.
OFTEN_MISSPELT = words("""
    adverse allergic anaphylactic anaphylaxis arrhythmia bleeding breathing breathless collapsed convulsion convulsions diarrhea
    diarrhoea dizziness embolism fainted fainting fatigue haemorrhage hallucinating hallucinations headache headaches hemorrhage
    hepatitis hospitalisation hospitalised hospitalization hospitalized hypoglycaemia hypoglycemia hypotension insomnia itching
    jaundice migraine miscarriage nausea nauseous neutropenia palpitations pancreatitis pneumonia rashes seizure seizures
    suicidal swelling swollen syncope tachycardia thrombosis tremors unconscious urticaria vomited vomiting
""")

# Ordinary words that are one slip from those.
NEVER_MISSPELT = words("advert advertise breeding committed dwelling painted painting selling smelling spelling")

# Cause spoken of beside treatment tells of harm whatever the finding is called.
CAUSE_STEMS = words("""
    aggravat attribut caus complicat exacerbat induc precipitat provok secondary trigger
""")
CAUSE_WORDS = words("associated association")
EXPOSURE_WORDS = words("""
    administered administration capsule capsules dosage dose doses dosing drug drugs exposure infusion injection medication
    medications medicine medicines mg pill pills tablet tablets taking therapy treated treatment use using
""")
